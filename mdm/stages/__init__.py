"""The stages, in the order of the data: land, standardise, check, match, cluster, survive, publish."""
