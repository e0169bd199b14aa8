-- Whether the rows of earlier releases were given their MACs.
SELECT EXISTS (SELECT FROM macs_given)
