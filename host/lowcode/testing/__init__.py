"""What plugins test with: records and contexts without a database, jobs at once, and the suite that any plugin runs.

Fixtures are in `lowcode.testing.plugin` (`pytest_plugins = ["lowcode.testing.plugin"]`), the generic suite
in `lowcode.testing.conformance`.
"""

from lowcode.testing.fakes import FakeContext
from lowcode.testing.jobs import ask, run_job
from lowcode.testing.pushing import push
from lowcode.testing.rows import make_record

__all__ = ["FakeContext", "ask", "make_record", "push", "run_job"]
