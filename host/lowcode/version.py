"""The version of the host, which is also the version of the plugin API."""

HOST_API = "1.0.0"
