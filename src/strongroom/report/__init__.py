"""Findings, inventories and plans as people and programs read them; knows only ``model``."""
