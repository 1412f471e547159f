"""A student, as the hub sees one: logs in, pulls the course, runs a notebook. HTTP only."""

import json
import time
import uuid

import nbformat
import requests
import websocket


class KernelDied(RuntimeError):
    """The kernel ended in the middle of a cell, as it does when it takes too much memory."""


def log_in(hub, name, password):
    """Return a session with the hub's cookies, as a browser holds them after the login page."""
    session = requests.Session()
    session.get(f"{hub}/hub/login").raise_for_status()
    form = {"username": name, "password": password, "_xsrf": session.cookies["_xsrf"]}
    answer = session.post(f"{hub}/hub/login", data=form, allow_redirects=False)
    if answer.status_code != 302:
        raise PermissionError(f"{name} was not let in: the hub answered {answer.status_code}.")
    return session


def open_link(session, link, *, server, seconds=180):
    """Follow a link into the student's own server, which the hub starts when it must."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = session.get(link)
        answer.raise_for_status()
        if answer.url.startswith(server):
            return answer
        time.sleep(1)
    raise TimeoutError(f"{server} did not start within {seconds} s; last seen: {answer.url}")


def call(session, method, url, **body):
    """Call the REST interface of the student's server as JupyterLab does; return its answer."""
    path = url[: url.index("/api/") + 1].split("/", 3)[3]
    token = session.cookies.get("_xsrf", path=f"/{path}")
    answer = session.request(method, url, json=body or None, headers={"X-XSRFToken": token})
    answer.raise_for_status()
    return answer.json() if answer.content else None


def pull(session, server, query):
    """Do what the page behind an nbgitpuller link does: copy the course into the home."""
    answer = session.get(f"{server}git-pull/api", params=query, timeout=300)
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    if not lines or json.loads(lines[-1])["phase"] != "finished":
        raise RuntimeError(f"nbgitpuller did not finish: {answer.text[-500:]}")


def open_notebook(session, server, path):
    """Start a kernel for a notebook, in the notebook's folder; return a connection to it."""
    wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    kernel = call(session, "POST", f"{server}api/sessions", **wanted)["kernel"]["id"]
    url = f"{server}api/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}"
    cookies = session.prepare_request(requests.Request("GET", url)).headers["Cookie"]
    return websocket.create_connection(url.replace("http", "ws", 1), cookie=cookies, timeout=900)


def close_notebooks(session, server):
    """Shut down every kernel of the student, as the menu of JupyterLab does."""
    for opened in call(session, "GET", f"{server}api/sessions"):
        call(session, "DELETE", f"{server}api/sessions/{opened['id']}")


def run_cell(channel, code):
    """Run one cell; return its outputs as a notebook keeps them."""
    identity = uuid.uuid4().hex
    header = {"msg_id": identity, "msg_type": "execute_request", "session": identity,
              "username": "", "version": "5.3"}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    channel.send(json.dumps({"header": header, "parent_header": {}, "metadata": {},
                             "content": content, "channel": "shell", "buffers": []}))  # fmt: skip
    outputs = []
    while True:
        message = json.loads(channel.recv())
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] in ("restarting", "dead"):
            raise KernelDied(code)
        if message["parent_header"].get("msg_id") != identity:
            continue
        if kind in ("stream", "display_data", "execute_result", "error"):
            outputs.append(nbformat.v4.output_from_msg(message))
        if kind == "status" and content["execution_state"] == "idle":
            return outputs


def printed(outputs):
    """Return what a cell printed; an error of the cell is an error here."""
    for output in outputs:
        if output.output_type == "error":
            raise RuntimeError(f"{output.ename}: {output.evalue}")
    return "".join(output.text for output in outputs if output.get("name") == "stdout").strip()
