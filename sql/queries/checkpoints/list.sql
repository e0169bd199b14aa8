-- How far every trailing projection has read, and where its lane stands.
SELECT c.lane, c.projection, c.position, h.position AS head FROM checkpoints c JOIN lanes h ON h.lane = c.lane
 ORDER BY c.lane, c.projection
