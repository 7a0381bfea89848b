"""The pages people see: server-rendered HTML over the same services as the API."""
