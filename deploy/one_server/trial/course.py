"""The course as a repository on this machine, which students pull from without a network."""

import shutil
import subprocess


def git(folder, *arguments):
    """Run git in a folder."""
    subprocess.run(["git", "-C", folder, *arguments], check=True, stdout=subprocess.DEVNULL)


def publish(root, bare):
    """Make a repository that students can pull from without a network: what root has committed."""
    shutil.rmtree(bare, ignore_errors=True)
    git(root, "clone", "--quiet", "--bare", root, bare)
    git(bare, "update-ref", "refs/heads/class", "HEAD")
    git(bare, "symbolic-ref", "HEAD", "refs/heads/class")
    trusted = bare.with_suffix(".gitconfig")  # it belongs to root, and git asks before it reads
    trusted.write_text(f"[safe]\n\tdirectory = {bare}\n")
    return {"GIT_CONFIG_GLOBAL": str(trusted)}


def publish_update(bare, path, text):
    """Add a file to what students pull, as the instructor would with a commit."""
    work = bare.with_suffix(".work")
    shutil.rmtree(work, ignore_errors=True)
    git(bare, "clone", "--quiet", "--depth=1", f"file://{bare}", work)
    (work / path).write_text(text)
    git(work, "add", path)
    author = ["-c", "user.name=Instructor", "-c", "user.email=instructor@example.org"]
    git(work, *author, "commit", "--quiet", "-m", "News")
    git(work, "push", "--quiet")
