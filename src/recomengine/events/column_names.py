"""Names of the columns of event and order files, and words for types of events: our own, and those of other systems and
people. All are as files/cells.py: plain has them, the best first.
"""

import re

from recomengine.files.header import Names
from recomengine.shop import EventType

OWN_NAMES: Names = {
    "eventType": ("eventtype",), "userId": ("userid",), "productId": ("productid", "itemid"),
    "sessionId": ("sessionid",), "timestamp": ("timestamp",), "eventId": ("eventid",), "metadata": ("metadata",),
    "price": ("price",), "quantity": ("quantity",), "currency": ("currency",), "orderId": ("orderid",),
    "lineId": ("lineid",), "variantId": ("variantid",), "placementId": ("placementid",), "strategy": ("strategy",),
    "recommendationId": ("recommendationid",), "experimentId": ("experimentid",), "variant": ("variant",),
    "query": ("query",), "bot": ("bot",),
}  # fmt: skip
COMMON_NAMES: Names = {
    "eventType": (
        "event", "eventname", "type", "action", "actiontype", "activity", "interaction", "interactiontype", "behavior",
        "behaviour", "behaviortype", "behaviourtype", "feedbacktype",
    ),
    "userId": (
        "user", "visitorid", "customerid", "customeruserid", "customerno", "customernumber", "shopperid", "memberid",
        "buyerid", "personid", "profileid", "accountid", "userpseudoid", "clientid", "anonymousid", "distinctid",
        "cookieid", "customeremail", "billingemail", "email", "emailaddress", "customer", "kundennummer", "kundennr",
        "kundenid", "clienteid",
        "householdkey", "householdid",
    ),
    "productId": (
        "sku", "lineitemsku", "itemsku", "productsku", "item", "product", "contentid", "articleid", "articleno",
        "articlenumber", "productcode", "productno", "productnumber", "stockcode", "itemcode", "itemnumber",
        "asin", "itemsitemid", "artikelnummer", "artikelnr", "produktid", "codice",
    ),
    "sessionId": ("session", "usersession", "gasessionid", "visitid", "sessionkey"),
    "timestamp": (
        "eventtimestamp", "eventtime", "datetime", "time", "ts", "occurredat", "createdat", "created", "orderdate",
        "purchasedate", "invoicedate", "transactiondate", "paidat", "date", "eventdate", "ordereddate", "purchasedat",
        "unixtime", "datum", "zeit", "bestelldatum", "fecha",
    ),
    "eventId": ("messageid", "insertid", "eventuuid"),
    "price": (
        "unitprice", "itemprice", "lineitemprice", "productprice", "itemcost", "pricepaid", "saleprice",
        "priceeach", "itemsprice", "salesprice", "preis", "einzelpreis", "prix", "precio", "prezzo", "cena",
        "prijs",
    ),
    "quantity": (
        "qty", "lineitemquantity", "itemquantity", "quantityordered", "qtyordered", "itemsquantity",
        "orderquantity", "units", "menge", "anzahl", "quantité", "cantidad", "ilość",
    ),
    "currency": ("currencycode", "ordercurrency", "währung", "devise", "moneda"),
    "orderId": (
        "transactionid", "ordernumber", "orderno", "orderref", "orderreference", "order", "orderkey", "invoiceno",
        "invoicenumber", "invoiceid", "invoice", "receiptid", "receiptno", "basketid", "checkoutid",
        "transaction", "ecommercetransactionid", "bestellnummer", "rechnungsnummer", "incrementid",
    ),
    "lineId": ("lineitemid", "orderlineid", "orderitemid", "linenumber", "lineno", "orderline", "line"),
    "variantId": ("variationid", "itemvariant", "variantsku", "lineitemvariant", "productvariant"),
    "placementId": ("placement", "itemlistid", "itemlistname"),
    "query": ("searchterm", "searchquery", "searchstring", "searchphrase", "keyword", "keywords", "q"),
    "bot": ("isbot",),
}  # fmt: skip
OPTIONS = frozenset(
    {"size", "colour", "color", "option", "style", "material", "größe", "groesse", "farbe", "taille", "talla"}
)
"""What tells two variants of a product, where no column says the variant."""
SHOPIFY_ORDERS = "lineitemname"
"""A column that Shopify's order export has, in which Name is the order's: #1001."""
STATUSES = frozenset({"status", "orderstatus", "financialstatus", "paymentstatus"})
LOST = frozenset({
    "cancelled", "canceled", "failed", "voided", "refunded", "expired", "trash", "declined", "storniert", "annulé",
})  # fmt: skip
"""Of orders that came to nothing."""
PERSONAL = re.compile(
    r"(billing|shipping|delivery|invoice|customer|recipient|first|last|full|user|family|sur|given)"
    r"(name|first.*|last.*|company|address\d*|street|city|zip|zipcode|postcode|postalcode|phone|mobile|email|note|vat.*)"
    r"|e?mail.*|phone.*|mobile|address\d*|street|ipaddress|ip|creditcard.*|notes?|noteattributes|birthday|dateofbirth"
    r"|useragent|paymentreference|paymentid"
)
"""Columns that say who a shopper is, or where to find them: nothing that is to be kept beside an order."""
NOBODY = frozenset({"nan", "null", "none", "undefined", "(not set)", "n/a", "guest"})
"""What programs write for no shopper at all."""

_WORDS: dict[EventType, str] = {
    "view": """viewed productview productviewed viewproduct viewitem itemview itemviewed viewcontent detail details
        productdetail detailview detailpageview productpageview pageview pdpview pv visit""",
    "click": "clicked productclick productclicked itemclick selectitem clickproduct clickitem",
    "add_to_cart": """addtobasket addtobag addedtocart addcart cartadd addproducttocart productadded productaddedtocart
        itemadded itemaddedtocart additem cartaddition cart basket addtoshoppingcart""",
    "remove_from_cart": """removefrombasket removefrombag removedfromcart removecart cartremove productremoved
        productremovedfromcart itemremoved""",
    "wishlist": """addtowishlist addedtowishlist wishlistadd productaddedtowishlist favorite favourite fav bookmark
        addtofavorites addtofavourites savedforlater""",
    "purchase": """purchased purchaseitem productpurchased transaction order ordered ordercompleted completedorder
        purchasecomplete orderplaced placeorder placedorder checkoutcompleted ordercreated buy bought sale sold""",
    "return": "returned refund refunded orderrefunded productreturned itemreturned refunditem orderreturned",
    "impression": """impressions viewitemlist productimpression productlistviewed listview shown itemimpression
        productimpressions""",
    "search": "searched searching sitesearch productssearched viewsearchresults searchquery",
    "dislike": "disliked thumbsdown notinterested",
}  # fmt: skip
TYPES: dict[str, EventType] = {
    word: event_type for event_type, words in _WORDS.items() for word in (event_type.replace("_", ""), *words.split())
}
"""The type that each word means."""
