# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach Connectware: the documentation of CONNECTWARE_OPTIONS in module_utils/_argspec.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - Python 3.8 or newer
  - requests
  - jmespath
options:
  connectware_url:
    description:
      - Address of Connectware, with scheme and if needed port and path prefix.
      - Credentials in the address are refused. V(http://) is refused while certificates are verified, because it would
        send the credentials readable for everybody.
      - If not set, the environment variable E(CONNECTWARE_URL) is used.
    type: str
    required: true
  connectware_token:
    description:
      - Token to use, without the word C(Bearer). It wins over O(connectware_username) as long as it is accepted.
      - Use a long-lived token where the account has a second factor. Connectware's web interface makes one, or
        M(edgefleet.connectware.api_token) as long as the second factor is not turned on.
      - If not set, the environment variable E(CONNECTWARE_TOKEN) is used.
    type: str
  connectware_username:
    description:
      - Who logs in when there is no token, or when the token is no longer accepted.
      - If not set, the environment variable E(CONNECTWARE_USERNAME) is used.
    type: str
  connectware_password:
    description:
      - Password of O(connectware_username).
      - If not set, the environment variable E(CONNECTWARE_PASSWORD) is used.
    type: str
  connectware_ca_path:
    description:
      - PEM file, or hashed directory, with the certificates of the CA that signed Connectware's certificate, on the
        machine that runs the task.
      - Without it, the CA certificates of Python's C(requests) are trusted, or those named by the environment variables
        E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE).
      - If not set, the environment variable E(CONNECTWARE_CA_PATH) is used.
    type: path
  connectware_validate_certs:
    description:
      - Whether the certificate of Connectware is verified. With V(false) anybody between here and there can read the
        credentials; set O(connectware_ca_path) instead.
      - If not set, the environment variable E(CONNECTWARE_VALIDATE_CERTS) is used.
    type: bool
    default: true
  connectware_timeout:
    description:
      - Seconds to wait for a connection, and for each part of an answer.
      - Requests that can be repeated safely are sent again a few times when there is no answer, and when Connectware
        says that it is busy.
      - If not set, the environment variable E(CONNECTWARE_TIMEOUT) is used.
    type: int
    default: 15
  connectware_contract:
    description:
      - Corrections to the built-in contract, for a Connectware whose API differs from what is documented or assumed.
      - Keys are operations, below them C(method), C(path), C(query), C(body), C(statuses) and C(fields); beside them
        there are C(settings) and C(errors). C(query) and C(body) are replaced as a whole, the others key by key.
        C(fields) are JMESPath expressions.
      - M(edgefleet.connectware.connectware_info) with O(edgefleet.connectware.connectware_info#module:gather=contract)
        lists all entries with where they come from, and with
        O(edgefleet.connectware.connectware_info#module:gather=contract_check) compares them with a Connectware and
        prints the corrections to write. A key that does not exist is refused.
    type: dict
    default: {}
notes:
  - Proxies are taken from the environment variables E(HTTPS_PROXY) and E(NO_PROXY). A C(.netrc) file is never read.
  - Redirects are never followed, so that credentials stay with the server they were meant for.
"""

    # A plugin that is no module reads its environment variables by itself.
    PLUGIN = r"""
options:
  connectware_url:
    env:
      - name: CONNECTWARE_URL
  connectware_token:
    env:
      - name: CONNECTWARE_TOKEN
  connectware_username:
    env:
      - name: CONNECTWARE_USERNAME
  connectware_password:
    env:
      - name: CONNECTWARE_PASSWORD
  connectware_ca_path:
    env:
      - name: CONNECTWARE_CA_PATH
  connectware_validate_certs:
    env:
      - name: CONNECTWARE_VALIDATE_CERTS
  connectware_timeout:
    env:
      - name: CONNECTWARE_TIMEOUT
"""
