"""The library's rules."""

from __future__ import annotations

import threading

from strongroom.leaks.library import Library, human_name


def test_a_rule_s_sentence_becomes_a_short_name() -> None:
    """The verb before the name and the warning after it are left out."""
    sentence = "Uncovered a GitHub Personal Access Token, potentially leading to unauthorized repository access."
    assert human_name("betterleaks.github-pat", sentence) == "GitHub Personal Access Token"
    assert human_name("x.y-z", "") == "y z"
    assert human_name("betterleaks.jwt", sentence) == "JSON Web Token"


def test_every_rule_has_a_short_name() -> None:
    """No rule's name is longer than a line of a report can take, and none is a whole sentence."""
    from kingfisher_sdk import Rules

    for rule in Rules().metadata():
        name = human_name(rule["id"], rule["name"])
        assert 3 <= len(name) <= 64, rule["id"]
        assert not name.endswith(".")


def test_threads_may_load_and_scan_at_once() -> None:
    """Rules that are being loaded in a thread are waited for."""
    library = Library()
    threads = [threading.Thread(target=library.load) for _ in range(3)]
    for thread in threads:
        thread.start()
    found = list(library.scan(b"key: ghp_Zk3nQ8vT1xW6yB0pLr5mSd9cJf2hGa7eUo4i\n"))
    for thread in threads:
        thread.join()
    assert [match.rule for match in found] == ["betterleaks.github-pat"]
    assert "ghp_" not in repr(found)


def test_identifiers_and_whole_manifests_are_no_matches() -> None:
    """Rules that find no secret are left out."""
    text = b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  password: Zm9vYmFyYmF6\n"
    assert list(Library().scan(text)) == []
