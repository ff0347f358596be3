"""Sections of the report: the steps each one needs, and the tables made of their results."""
