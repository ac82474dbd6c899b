-- psql mqtt < postgresql.sql
CREATE TABLE temperature (
    temp double precision,
    dh   timestamptz PRIMARY KEY
);
