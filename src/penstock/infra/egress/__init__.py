"""Egress: the only HTTP client of Penstock, with protection against forged addresses (SSRF).

HTTP/1.1 on asyncio and httptools. Deliberately not here: redirects, proxies, cookies, HTTP/2.
"""
