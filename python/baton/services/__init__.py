"""Clients of services that blocks call: messages to people, jobs of other tools, secrets of clouds.

Small on purpose: each does what Mage's client of the same name does, over HTTP or SMTP from the standard library, or
through the vendor's package when it is called.
"""
