-- How far the writer of each process has committed: what tells whether a COMMIT counted whose answer was cut off
-- (src/store/mariadb.c). A process takes its row away when it ends.
CREATE TABLE IF NOT EXISTS commit_mark (
    name varchar(40) NOT NULL,
    number bigint NOT NULL,
    at_ms bigint NOT NULL,
    PRIMARY KEY (name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
