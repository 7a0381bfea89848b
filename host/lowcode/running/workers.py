"""What gunicorn imports once, before it makes workers: each then starts, or comes back, in a fraction of the time.

Plugins are imported and the platform is made in each worker, so that a restart takes up what was installed.
"""

from importlib import import_module

from lowcode.web.app import BLUEPRINTS

for _name in ("lowcode.running.startup", *BLUEPRINTS):
    import_module(_name)
