"""Connectors that ship with the framework, one file or package per kind of source."""
