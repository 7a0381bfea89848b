"""The host as `lowcode run` serves it, with the plugin of this checkout."""

from lowcode.config import Config
from lowcode.platform import Platform
from lowcode.web.app import create_app

app = create_app(Platform.start(Config.from_env(), ["crm_plugin.plugin"]))
