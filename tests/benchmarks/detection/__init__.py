"""How well anomalies are found: on injected faults and on recorded sets, through the production path."""
