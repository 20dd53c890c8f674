"""YAML, JSON, dotenv, INI, properties and TOML, read with values at once and with positions on demand.

``yaml.read`` gives the documents of a file as the API server would read them; ``positions.locate`` says where a value
stands; ``comments.directives`` finds what people wrote to Strongroom; ``embedded.parse`` looks into values that are
files.
"""
