"""A browser's top-level navigation: follows redirects and meta refresh, runs no script."""

import re
import time
from html import unescape
from urllib.parse import urljoin, urlsplit

import requests

HEADERS = {
    "accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "accept-language": "fr,en;q=0.5",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
    "sec-fetch-site": "cross-site",
    "sec-fetch-user": "?1",
}


def walk(start, home, patience=60):
    """Walks from an address until it is sent to `home`, and returns that address unvisited."""
    deadline = time.monotonic() + patience
    arrived = urlsplit(home)
    url = start
    with requests.Session() as session:
        while (urlsplit(url).netloc, urlsplit(url).path) != (arrived.netloc, arrived.path):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the page at {urlsplit(url).path} was still reloading itself")
            answer = session.get(url, headers=HEADERS, allow_redirects=False, timeout=30)
            refresh = answer.headers.get("refresh") or meta_refresh(answer.text)
            if answer.is_redirect:
                url = urljoin(url, answer.headers["location"])
            elif refresh:
                pause, _, target = refresh.partition(";")
                time.sleep(min(float(pause or 0), 10))
                target = re.sub(r"^\s*url\s*=\s*", "", target, flags=re.IGNORECASE).strip("'\" ")
                url = urljoin(url, target) if target else url
            else:
                raise RuntimeError(f"stopped at {urlsplit(url).path} with status {answer.status_code}: {answer.text}")
    return url


def meta_refresh(html):
    """What a page says of its own reloading."""
    for tag in re.findall(r"<meta\b[^>]*>", html, flags=re.IGNORECASE):
        if re.search(r"http-equiv\s*=\s*[\"']?refresh", tag, flags=re.IGNORECASE):
            content = re.search(r'content\s*=\s*"([^"]*)"', tag, flags=re.IGNORECASE)
            return unescape(content.group(1)) if content else None
    return None
