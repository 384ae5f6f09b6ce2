"""Adobe Commerce's product export."""

import pytest

from recomengine.catalog.columns import plan
from tests.support.tables import Read, table

HEADER = (
    "sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,product_online,"
    "visibility,price,special_price,special_price_from_date,special_price_to_date,url_key,base_image,"
    "additional_attributes,qty,is_in_stock,configurable_variations\n"
)
BLUE = (
    'CUP-B,,Default,simple,"Default Category/Ware",base,Cup-Blue,,1,"Not Visible Individually",9.000000,,,,cup-b,'
    "/c/b.jpg,glaze=Blue,0,0,"
)
GREEN = (
    'CUP-G,,Default,simple,"Default Category/Ware",base,Cup-Green,,1,"Not Visible Individually",9.000000,7.500000,,,'
    "cup-g,/c/g.jpg,glaze=Green,4,1,"
)
CUP = (
    'CUP,,Default,configurable,"Default Category/Ware,Default Category/Ware/Cups,Default Category/New",base,Cup,Clay,1,'
    '"Catalog, Search",,,,,cup,/c/u.jpg,"origin=Kyoto, Japan,hand_made=Yes",0,1,'
    '"sku=CUP-B,glaze=Blue|sku=CUP-G,glaze=Green"'
)
FRENCH = "CUP,fr,,,,,Tasse,Argile,,,,,,,,,,,,"
JUG = 'JUG,,Default,simple,Default Category/Ware,base,Jug,,2,"Catalog, Search",30.00,,,,jug,no_selection,,1,1,'


def read(*rows: str) -> Read:
    return table(plan, HEADER + "\n".join(rows))


@pytest.mark.parametrize("rows", [(BLUE, GREEN, CUP, FRENCH), (CUP, FRENCH, GREEN, BLUE)])
def test_a_configurable_product_has_the_offer_of_its_variants(rows: tuple[str, ...]) -> None:
    made = read(*rows)
    assert [item["productId"] for item in made.items] == ["CUP"]
    cup = made.items[0]
    assert (cup["name"], cup["price"], cup["available"], cup["imageUrl"]) == ("Cup", 7.5, True, "/c/u.jpg")
    assert cup["categories"] == ["Default Category > Ware > Cups", "Default Category > New"]
    assert cup["attributes"]["origin"] == "Kyoto, Japan"
    assert "Read as Adobe Commerce's product export." in made.notes
    assert "Rows that repeat a product for a store view, and are left out: 1." in made.notes


def test_a_product_that_is_off_or_belongs_to_no_configurable_one_is_not_shown() -> None:
    made = {item["productId"]: item for item in read(JUG, GREEN).items}
    assert made["JUG"]["available"] is False
    assert "imageUrl" not in made["JUG"]
    assert made["CUP-G"]["available"] is False


def test_a_special_price_holds_from_its_first_to_its_last_day() -> None:
    over = GREEN.replace("Not Visible Individually", "Catalog").replace("7.500000,,", "7.500000,1/1/01,12/31/01")
    assert read(over).items[0]["price"] == 9


def test_a_products_name_comes_from_a_store_view_where_there_is_no_other_row() -> None:
    assert [item["name"] for item in read(FRENCH).items] == ["Tasse"]
