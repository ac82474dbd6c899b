-- mariadb mqtt < mariadb.sql
CREATE TABLE temperature (
    temperature double,
    data_hora   datetime(6) PRIMARY KEY  -- UTC
);
