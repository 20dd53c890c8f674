"""The main job, from sources to a report: the only place below the command line that combines rooms."""
