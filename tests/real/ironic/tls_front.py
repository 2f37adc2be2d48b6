"""Ends TLS and hands the bytes on. It runs in a folder with the certificates.

usage: tls_front.py FRONT,CERTIFICATE,PORT,TARGET_HOST,TARGET_PORT…
"""

import select
import socket
import socketserver
import ssl
import sys
import threading

HANDSHAKE_SECONDS = 10


class Front(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, front, certificate, port, target_host, target_port):
        self.target = target_host, int(target_port)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f'{certificate}.pem', f'{certificate}.key')
        if front == 'client_certificate_required':
            self.context.load_verify_locations('ca.pem')
            self.context.verify_mode = ssl.CERT_REQUIRED
        super().__init__(('127.0.0.1', int(port)), Connection)

    def handle_error(self, request, client_address):
        """Logs no error of a client that hangs up."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


# With threads, because asyncio closes a connection without the alert that says why.
class Connection(socketserver.BaseRequestHandler):

    def handle(self):
        self.request.settimeout(HANDSHAKE_SECONDS)
        with self.server.context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False) as client:
            try:
                client.do_handshake()
            except ssl.SSLError:
                let_it_read(client)
                raise
            client.settimeout(None)
            with socket.create_connection(self.server.target) as target:
                exchange(client, target)


def let_it_read(client):
    """Reads the rest before it closes, because a close with unread data would drop the alert."""
    client.shutdown(socket.SHUT_WR)
    while client.recv(65536):
        pass


def exchange(client, target):
    while True:
        # Data that TLS has already decrypted does not show on the socket.
        ready = [client] if client.pending() else select.select([client, target], [], [])[0]
        for source in ready:
            data = source.recv(65536)
            if not data:
                return
            (target if source is client else client).sendall(data)


if __name__ == '__main__':
    for argument in sys.argv[1:]:
        threading.Thread(target=Front(*argument.split(',')).serve_forever).start()
