"""Grafana dashboards, made from the catalogue of metrics; `deploy/grafana` holds what these say."""
