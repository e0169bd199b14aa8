-- The head of every lane.
SELECT lane, position, digest FROM lanes ORDER BY lane
