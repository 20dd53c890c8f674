"""The only code that talks to an API server. It never asks for the data of Secrets unless it is told to."""
