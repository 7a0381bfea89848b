"""The application that gunicorn's workers serve. Importing it starts the platform."""

from lowcode.running import boot
from lowcode.running.startup import config_of_this_start, start
from lowcode.web.app import create_app

_config = config_of_this_start()
_boot = boot.read(_config.home) or boot.stamp(_config.home, _config.safe_mode)

app = create_app(start(_config), _boot)
boot.mark_ready(_config.home, _boot)
