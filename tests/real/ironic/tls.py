"""Puts HTTPS in front of servers that speak only HTTP, with its own certificates."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import process
from problem import Problem

FRONT = Path(__file__).parent / 'tls_front.py'
START_SECONDS = 10

# Each kind of front, and its certificate. `tls_front.py` knows which kind asks the client for a certificate.
FRONTS = {'https': 'server', 'client_certificate_required': 'server', 'self_signed': 'self_signed',
          'wrong_name': 'wrong_name'}

# openssl's default configuration would add extensions that contradict these.
OPENSSL_CONFIGURATION = """\
[req]
distinguished_name = subject
[subject]
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
subjectAltName = IP:127.0.0.1, DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[self_signed]
basicConstraints = critical, CA:false
subjectAltName = IP:127.0.0.1, DNS:localhost
[wrong_name]
basicConstraints = critical, CA:false
subjectAltName = DNS:elsewhere.example
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:false
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def up(folder, urls, free_ports):
    """Starts every kind of front for each named URL, and returns their addresses."""
    make_certificates(folder)
    ports = iter(free_ports(len(FRONTS) * len(urls)))
    arguments, result = [], {'ca_file': str(folder / 'ca.pem'), 'client_certificate': str(folder / 'client.pem'),
                             'client_key': str(folder / 'client.key')}
    for front, certificate in FRONTS.items():
        result[front] = {}
        for name, url in urls.items():
            port, target = next(ports), urlsplit(url)
            arguments.append(f'{front},{certificate},{port},{target.hostname},{target.port or 80}')
            result[front][name] = f'https://127.0.0.1:{port}{target.path}'
    server = process.launch([sys.executable, str(FRONT), *arguments], folder, process.environment(folder),
                            'tls_front.out')
    deadline = time.monotonic() + START_SECONDS
    while not listens(port):
        if time.monotonic() > deadline or server.poll() is not None:
            raise Problem(f'The TLS front does not start: see {folder / "tls_front.out"}.')
        time.sleep(0.05)
    return server, result


def make_certificates(folder):
    (folder / 'openssl.cnf').write_text(OPENSSL_CONFIGURATION)
    make_certificate(folder, 'ca')
    make_certificate(folder, 'self_signed')
    for name in ('server', 'wrong_name', 'client'):
        make_certificate(folder, name, '-CA', 'ca.pem', '-CAkey', 'ca.key')


def make_certificate(folder, name, *signer):
    command = ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days',
               '30', '-config', 'openssl.cnf', '-extensions', name, '-subj', f'/CN=ironic-lab {name}',
               '-keyout', f'{name}.key', '-out', f'{name}.pem', *signer]
    with open(folder / 'openssl.log', 'a') as log:
        try:
            made = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        except FileNotFoundError:
            raise Problem('Certificates need openssl, and it is not installed.') from None
    if made.returncode:
        raise Problem(f'openssl could not make a certificate: see {log.name}.')


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0
