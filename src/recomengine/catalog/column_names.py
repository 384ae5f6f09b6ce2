"""Names of the columns of product files: our own, and those of other systems and people, in several languages. All are
as files/cells.py: plain has them, the best first.
"""

from recomengine.files.header import Names

OWN_NAMES: Names = {
    "productId": ("productid", "itemid"), "name": ("name",), "category": ("category",), "categories": ("categories",),
    "price": ("price",), "currency": ("currency",), "imageUrl": ("imageurl",), "url": ("url",),
    "description": ("description",), "brand": ("brand",), "available": ("available",), "attributes": ("attributes",),
}  # fmt: skip
COMMON_NAMES: Names = {
    "productId": (
        "id", "sku", "productsku", "handle", "itemno", "itemnumber", "productno", "productnumber",
        "productcode", "itemcode", "articleid", "articleno", "articlenumber", "articlecode", "stockcode",
        "contentid", "externalid", "entityid", "asin", "variantid", "variantsku", "offerid", "partnumber",
        "code", "artikelnummer", "artikelnr", "produktid", "referencia", "référence", "reference", "codice",
        "productcodesku", "handleid", "skucode", "skuid", "ean", "gtin", "barcode",
    ),
    "name": (
        "title", "productname", "producttitle", "itemname", "itemtitle", "displayname", "articlename", "label",
        "bezeichnung", "produktname", "artikelbezeichnung", "titel", "nom", "titre", "libellé", "nombre",
        "título", "titulo", "nome", "titolo", "nazwa", "naam", "namn", "navn", "název", "product",
        "item", "article", "produkt", "artikel", "produit", "producto", "prodotto",
    ),
    "category": (
        "categorypath", "categoryname", "producttype", "productcategory", "maincategory", "primarycategory",
        "googleproductcategory", "breadcrumb", "breadcrumbs", "collection", "department", "taxonomy",
        "kategorie", "warengruppe", "catégorie", "categorie", "categoría", "categoria", "kategoria", "kategori",
    ),
    "categories": ("productcategories", "categorypaths", "kategorien", "catégories"),
    "price": (
        "currentprice", "finalprice", "regularprice", "unitprice", "sellingprice", "retailprice", "salesprice",
        "listprice", "variantprice", "pricetaxincluded", "priceincltax", "priceinclvat", "grossprice", "pricegross",
        "pricetaxexcluded", "priceexcltax", "netprice", "preis", "vkpreis", "verkaufspreis", "prix", "precio",
        "prezzo", "preço", "preco", "cena", "prijs", "pris",
    ),
    "salePrice": ("saleprice", "specialprice", "discountprice", "offerprice", "promoprice"),
    "saleDates": ("salepriceeffectivedate",),
    "saleStarts": ("specialpricefromdate", "datesalepricestarts"),
    "saleEnds": ("specialpricetodate", "datesalepriceends"),
    "currency": ("currencycode", "pricecurrency", "währung", "devise", "moneda"),
    "imageUrl": (
        "imagelink", "imagesrc", "image", "images", "imageurls", "imageurl1", "image1", "mainimage", "picture",
        "pictureurl", "photo", "thumbnail", "thumbnailurl", "bild", "bildurl",
    ),
    "url": ("link", "permalink", "producturl", "productlink", "producturi", "deeplink", "weblink", "href"),
    "description": (
        "bodyhtml", "body", "longdescription", "productdescription", "shortdescription", "summary",
        "details", "beschreibung", "descripción", "descrizione", "opis",
    ),
    "brand": (
        "vendor", "manufacturer", "brandname", "brands", "make", "marke", "hersteller", "marque", "marca",
        "marka",
    ),
    "available": (
        "availability", "isavailable", "instock", "isinstock", "stockstatus", "stockavailability", "inventorystatus",
        "verfügbar", "verfügbarkeit", "lieferbar", "disponible", "disponibilité",
    ),
    "stock": (
        "stock", "qty", "quantity", "stockquantity", "stockqty", "stocklevel", "inventory", "inventoryquantity",
        "inventoryqty", "onhand", "quantityinstock", "currentstocklevel", "availablequantity", "bestand",
        "lagerbestand",
    ),
}  # fmt: skip
