"""What really happened to each node, as Ironic's database recorded it: a trigger writes down every change."""

import contextlib

import pymysql

from paths import DATABASE

VALUES = 'NULL, UNIX_TIMESTAMP(SYSDATE(6)), NEW.uuid, NEW.provision_state, NEW.instance_uuid, NEW.reservation'
RECORDING = (
    'CREATE TABLE lab.history (id BIGINT AUTO_INCREMENT PRIMARY KEY, at DOUBLE, node CHAR(36), state VARCHAR(32), '
    'instance CHAR(36), reservation VARCHAR(64))',
    f'CREATE TRIGGER ironic.lab_created AFTER INSERT ON ironic.nodes FOR EACH ROW INSERT INTO lab.history VALUES ({VALUES})',
    f"""CREATE TRIGGER ironic.lab_changed AFTER UPDATE ON ironic.nodes FOR EACH ROW
        IF NOT (NEW.provision_state <=> OLD.provision_state AND NEW.instance_uuid <=> OLD.instance_uuid
                AND NEW.reservation <=> OLD.reservation) THEN
            INSERT INTO lab.history VALUES ({VALUES});
        END IF""",
)


def execute(*statements):
    connection = pymysql.connect(unix_socket=DATABASE.socket, user='root', autocommit=True)
    with contextlib.closing(connection), connection.cursor(pymysql.cursors.DictCursor) as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def create_database():
    execute('CREATE DATABASE ironic CHARACTER SET utf8mb3', 'CREATE DATABASE lab',
            "CREATE USER ironic@'127.0.0.1' IDENTIFIED BY 'ironic'", "GRANT ALL ON ironic.* TO ironic@'127.0.0.1'")


def record():
    execute(*RECORDING)


def read():
    """The changes of each node, in their order."""
    changes = {}
    for row in execute('SELECT * FROM lab.history ORDER BY id'):
        changes.setdefault(row['node'], []).append(row)
    return changes
