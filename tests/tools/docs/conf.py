# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx settings of the documentation site. Everything is resolved without a network."""

from __future__ import annotations

import zlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

project = "edgefleet.connectware"
project_copyright = "The edgefleet.connectware authors"
html_title = html_short_title = "edgefleet.connectware"

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext", "myst_parser"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_heading_anchors = 3
default_role = "any"
nitpicky = True
pygments_style = "ansible"
highlight_language = "YAML+Jinja"

html_theme = "sphinx_ansible_theme"
html_theme_options = {"topbar_links": {}, "vcs_pageview_mode": ""}
html_show_sphinx = False
html_copy_source = False
html_use_index = False
display_version = False

# What pages refer to in ansible-core's documentation, and where it is there. An inventory with these alone is written
# for Sphinx, so that a build asks no server; a reference that is in no inventory is an error.
ANSIBLE_CORE = "https://docs.ansible.com/projects/ansible-core/devel/"
LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
VARIABLES = (
    "ANSIBLE_CACHE_PLUGIN",
    "ANSIBLE_CACHE_PLUGIN_CONNECTION",
    "ANSIBLE_CACHE_PLUGIN_PREFIX",
    "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
)


def write_inventory(path: Path) -> None:
    """An inventory of version 2, as Sphinx reads it."""
    lines = [f"{name} std:label -1 {page}#{name.replace('_', '-')} {name}" for name, page in LABELS.items()]
    lines += [f"{name} std:envvar 1 reference_appendices/config.html#envvar-$ -" for name in VARIABLES]
    head = "# Sphinx inventory version 2\n# Project: ansible-core\n# Version: devel\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    path.write_bytes(head.encode() + zlib.compress("".join(f"{line}\n" for line in lines).encode()))


INVENTORY = Path(__file__).with_name("ansible-core.inv")
write_inventory(INVENTORY)
intersphinx_mapping = {"ansible_core": (ANSIBLE_CORE, str(INVENTORY))}


def refuse_the_network(app: Sphinx) -> None:
    remote = [name for name, (_url, where) in app.config.intersphinx_mapping.items() if not where]
    if remote:
        raise ExtensionError(f"intersphinx would ask a server for {', '.join(remote)}")


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", refuse_the_network)
