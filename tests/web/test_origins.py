"""Origins are kept as browsers send them; what no browser would ever send is refused, with the right spelling."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.shop import ORIGIN
from recomengine.web.origins import as_browsers_send, check_origins
from recomengine.web.problems import Invalid

SENT = [
    "https://shop.example", "http://shop.example:8080", "http://localhost", "https://a",
    "https://xn--mnchen-3ya.example", "http://127.0.0.1:5008", "http://[::1]", "https://[2001:db8::1]:8443",
    "https://under_score.example", "https://shop.example.", "http://shop.example:443", "https://shop.example:80",
]  # fmt: skip
RESPELLED = {
    "https://Shop.Example": "https://shop.example", "HTTPS://shop.example": "https://shop.example",
    "https://shop.example/": "https://shop.example", "https://shop.example/boots?a=1#b": "https://shop.example",
    "https://shop.example?x": "https://shop.example", "https://shop.example:443": "https://shop.example",
    "http://shop.example:80": "http://shop.example", "https://shop.example:": "https://shop.example",
    "https://shop.example:08443": "https://shop.example:8443",
    "https://ann:word@shop.example": "https://shop.example", " https://shop.example": "https://shop.example",
    "https://shop.example\n": "https://shop.example", "https://münchen.example": "https://xn--mnchen-3ya.example",
    "https://MÜNCHEN.example": "https://xn--mnchen-3ya.example",
    "https://straße.example": "https://xn--strae-oqa.example", "https://例え。テスト": "https://xn--r8jz45g.xn--zckzah",
    "shop.example": "https://shop.example", "localhost:3000": "https://localhost:3000",
    "http://127.1": "http://127.0.0.1", "http://0x7f.0.0.01": "http://127.0.0.1",
    "https://[2001:DB8::1]": "https://[2001:db8::1]", "https://[2001:db8:0:0:0:0:0:1]": "https://[2001:db8::1]",
    "http://[::0001]:80": "http://[::1]",
}  # fmt: skip
NEVER = [
    "", " ", "null", "*", "https://*", "https://*.shop.example", "https://", "https:///boots", "https://:443",
    "https://shop..example", "https://.example", "https://shop example", "https://shop\0.example",
    "https://shop.example:0", "https://shop.example:65536", "https://shop.example:99999999", "https://shop.example:1000000443",
    "https://shop.example:port", "https://shop.example:٣", "https://shop.example:-1", "ftp://shop.example",
    "file:///shop", "javascript:alert(1)", "https://1.2.3.4.5", "https://256.0.0.1", "https://shop.1",
    "https://[::1", "https://[::g]", "https://[fe80::1%eth0]", "https://-shop.example", "https://a,https://b",
    "https:shop.example", "https://shop.example\\boots", "https://sh%6fp.example", "chrome-extension://abc",
]  # fmt: skip


@pytest.mark.parametrize("origin", SENT)
def test_what_browsers_send_is_taken(origin: str) -> None:
    check_origins([origin], "$.origins")
    assert re.search(ORIGIN, origin)


@pytest.mark.parametrize(("given", "sent"), RESPELLED.items())
def test_another_spelling_is_refused_with_the_right_one(given: str, sent: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_origins(["https://fine.example", given], "$.origins")
    assert caught.value.errors[0].path == "$.origins[1]"
    assert caught.value.detail.endswith(f"Write {sent}")
    check_origins([sent], "$.origins")


@pytest.mark.parametrize("given", NEVER)
def test_what_no_browser_sends_is_refused_with_the_reason(given: str) -> None:
    with pytest.raises(
        Invalid, match=r"^\$\.origins\[0\]: expected an origin such as https://shop\.example, got .*: \w"
    ):
        check_origins([given], "$.origins")


@given(st.text(max_size=30) | st.from_regex(r"https?://[^\s]{0,20}", fullmatch=True))
def test_of_any_text_one_spelling_is_right_or_none(text: str) -> None:
    try:
        sent = as_browsers_send(text)
    except ValueError:
        return
    assert as_browsers_send(sent) == sent
    assert re.search(ORIGIN, sent)
