-- Records that the rows of earlier releases were given their MACs.
INSERT INTO macs_given (given_at) VALUES (now())
