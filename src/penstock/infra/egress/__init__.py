"""The way out: the one HTTP client of Penstock, and the wall against forged addresses.

HTTP/1.1 on asyncio and httptools. Deliberately not here: redirects, proxies, cookies, HTTP/2.
"""
