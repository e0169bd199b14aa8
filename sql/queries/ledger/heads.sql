-- Where every lane stands.
SELECT lane, position, digest FROM lanes ORDER BY lane
