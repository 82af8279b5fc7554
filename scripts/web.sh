#!/usr/bin/env bash
# Builds the web pages into web/dist, from where they go into the binary. Does nothing when they are up to date.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_node
web_packages
web_pages
