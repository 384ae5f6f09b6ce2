"""The home half of the demo shop's range, written by hand. A line: name | price | material | colour | what is
special.
"""

from recomengine.demo.outdoor_goods import Aisle

HOME_AISLES = (
    Aisle(
        "Kitchen > Coffee & Tea Gear",
        ("Quernmill", "Emberlyne"),
        "coffee",
        "Spare parts are always in stock.",
        """
Ceramic Pour-Over Dripper | 32.00 | stoneware | chalk | One cup at a time, ribbed for an even flow
Hand Coffee Grinder | 79.00 | steel and walnut | walnut | Steel burrs with forty steps from espresso to press
Gooseneck Kettle | 89.00 | stainless steel | graphite | A slow, thin stream exactly where you want it
Cafetière, Six Cups | 49.00 | borosilicate glass | copper | A double screen keeps the grounds below
Stovetop Espresso Pot | 39.00 | aluminium | steel | Three small cups and a cheerful gurgle
Cast-Iron Teapot | 64.00 | cast iron | ink | Keeps tea hot through a long conversation
Glass Teapot with Infuser | 44.00 | borosilicate glass | honey | Watch the leaves open and lift them out in time
Paper Filters, Two Hundred | 11.00 | unbleached paper | sand | Cone shaped, oxygen whitened, no papery taste
""",
    ),
    Aisle(
        "Kitchen > Mugs",
        ("Marlowick", "Quernmill"),
        "coffee",
        "Safe in the dishwasher and the microwave.",
        """
Speckled Stoneware Mug | 18.00 | stoneware | oat | Thrown by hand, so no two are quite alike
Enamel Camp Mug | 14.00 | enamelled steel | navy | Chips with character and never breaks
Espresso Cups, Set of Four | 38.00 | porcelain | chalk | Thick walls and a small, serious handle
Double-Walled Glasses, Pair | 29.00 | borosilicate glass | sky | Hot inside, cool outside, coffee in mid-air
Reactive Glaze Mug | 22.00 | stoneware | lagoon | The kiln decides the blue
Travel Tumbler | 34.00 | stainless steel | sage | Seals tight and fits a bicycle cage
Soup Mug with Lid | 26.00 | stoneware | terracotta | Half a litre of supper to carry to the sofa
Fox Mug for Children | 15.00 | porcelain | rust | A small face waits at the bottom
""",
    ),
    Aisle(
        "Kitchen > Cookware",
        ("Emberlyne", "Pottergate Forge"),
        "cooking",
        "Works on every hob, induction too.",
        """
Cast-Iron Skillet | 69.00 | cast iron | black | Seasoned with flax oil and ready for the first egg
Enamelled Casserole | 189.00 | enamelled iron | brick | Goes from hob to oven to table
Carbon Steel Wok | 79.00 | carbon steel | graphite | Light enough to toss, hot in a minute
Copper Saucepan | 229.00 | copper | copper | Heat that obeys at once
Stock Pot, Eight Litres | 99.00 | stainless steel | steel | Sunday's bones, Monday's soup
Griddle Pan | 64.00 | cast iron | charcoal | Deep ridges for stripes on everything
Ceramic Baking Dish | 44.00 | stoneware | mustard | For gratins, crumbles and second helpings
Milk Pan | 39.00 | enamelled steel | sage | Pours from both sides without a drip
""",
    ),
    Aisle(
        "Kitchen > Knives & Boards",
        ("Pottergate Forge", "Hollinreed"),
        "cooking",
        "Sharpened by hand before packing.",
        """
Chef's Knife, Twenty Centimetres | 119.00 | high-carbon steel | walnut | The one knife, balanced at the bolster
Paring Knife | 39.00 | high-carbon steel | oak | For apples, shallots and stubborn labels
Bread Knife | 69.00 | stainless steel | charcoal | Long waves that leave the crumbs on the loaf
Santoku Knife | 129.00 | folded steel | ink | A flat edge and a hollow grind, so nothing sticks
End-Grain Chopping Board | 94.00 | acacia | honey | Kind to edges, heavy enough to stay put
Olive Wood Serving Board | 54.00 | olive wood | olive | Every grain tells a different tree
Whetstone, Two Grits | 44.00 | aluminium oxide | slate | An evening's calm and a month of sharp knives
Magnetic Knife Rack | 49.00 | oak | oak | Holds six blades and shows the timber
""",
    ),
    Aisle(
        "Kitchen > Storage Jars",
        ("Marlowick", "Brookhame"),
        "cooking",
        "Airtight, stackable and easy to label.",
        """
Clip-Top Jar, One Litre | 12.00 | glass | sage | An orange seal and a clip that lasts
Stoneware Bread Crock | 74.00 | stoneware | oat | Keeps a loaf fresh for four days
Coffee Canister | 34.00 | stainless steel | graphite | A valve lets the gas out and no air in
Spice Jars, Set of Twelve | 42.00 | glass and cork | honey | With labels, a pen and a small funnel
Butter Dish | 28.00 | porcelain | cream | Holds a whole block and fits the fridge door
Fermenting Crock | 59.00 | stoneware | rust | A water lock for quiet cabbage
Beeswax Wraps, Three Sizes | 21.00 | cotton and beeswax | mustard | Warm them in your hands and they hold any bowl
Enamel Bread Bin | 64.00 | enamelled steel | chalk | A wooden lid that doubles as a board
""",
    ),
    Aisle(
        "Pantry > Coffee Beans",
        ("Quernmill", "Night Heron Roastery"),
        "coffee",
        "Roasted Tuesdays, posted Wednesdays.",
        """
Morning Bell House Blend | 13.50 | washed arabica | ochre | Chocolate, hazelnut and no sharp edges
Highland Single-Origin Beans | 16.50 | washed arabica | lagoon | Bergamot and peach, best as a pour-over
Dark Harbour Espresso Beans | 14.50 | arabica and robusta | ink | Thick, bitter-sweet and fond of milk
Slow Sunday Decaf | 14.00 | decaffeinated arabica | plum | All the cocoa and none of the clock
Natural Process Reserve | 19.50 | natural arabica | rose | Strawberry jam in a coffee cup
Campfire Coarse Ground Coffee | 12.50 | washed arabica | rust | Ground for percolators and cafetières
Cold Brew Blend | 15.00 | washed arabica | navy | Sweet and round after a night in the fridge
Honey Valley Beans | 17.00 | honey-process arabica | honey | Caramel with a clean finish
""",
    ),
    Aisle(
        "Pantry > Tea",
        ("Wickhollow", "Marlowick"),
        "tea",
        "Whole leaves in a tin you will keep.",
        """
Breakfast Leaf Tea | 9.50 | black tea | brick | Strong enough to stand a spoon in
Earl Grey with Cornflower | 10.50 | black tea | sky | Real bergamot oil and blue petals
Smoked Pine Tea | 12.00 | black tea | charcoal | A bonfire, politely, in a cup
Sencha Green Tea | 13.00 | green tea | moss | Grassy and bright at seventy degrees
Jasmine Pearls | 16.00 | green tea | chalk | Hand-rolled and scented on six nights
Mint & Nettle Infusion | 8.50 | herbal infusion | sage | After supper, in place of pudding
Chamomile Evening Tea | 8.50 | herbal infusion | honey | Whole flowers and an early night
Rooibos with Orange | 9.00 | rooibos | terracotta | Red, sweet and free of caffeine
""",
    ),
    Aisle(
        "Pantry > Trail Snacks",
        ("Stoatwell Provisions", "Larkfell"),
        "hiking",
        "Packed in paper, not plastic.",
        """
Oat & Honey Trail Bars, Twelve | 18.00 | oats and honey | honey | Chewy, not crumbly, at any temperature
Salted Almond Trail Mix | 11.00 | nuts and seeds | sand | No raisins: we asked, you answered
Dried Mango Slices | 9.00 | dried fruit | mustard | Two mangoes in every bag and nothing else
Dark Chocolate Summit Squares | 12.00 | dark chocolate | walnut | One for each thousand feet
Smoked Pepper Jerky | 14.00 | dried beef | brick | Slow smoked, black pepper, long walk
Freeze-Dried Lentil Curry | 13.00 | lentils and rice | ochre | Add hot water, wait, be glad
Instant Porridge Pots, Six | 15.00 | oats and seeds | cream | Breakfast before the tent is down
Electrolyte Tablets, Twenty | 10.00 | mineral salts | sky | A fizz of lime for hot climbs
""",
    ),
    Aisle(
        "Home > Lamps",
        ("Glimworth", "Hollinreed"),
        "living",
        "Wired for a warm bulb, which is in the box.",
        """
Mushroom Table Lamp | 79.00 | opal glass | cream | A soft dome that lights a corner, not a room
Brass Reading Lamp | 119.00 | brass | mustard | An arm that stays where you leave it
Linen Floor Lamp | 149.00 | linen and oak | oat | A tall drum shade for the end of the sofa
Clamp Desk Lamp | 69.00 | powder-coated steel | forest | Grips any shelf and bends to the page
Paper Pendant Lamp | 44.00 | rice paper | chalk | A moon over the kitchen table
Ceramic Bedside Lamp | 64.00 | stoneware | terracotta | A glazed base with a pull cord
Smoked Glass Lamp | 94.00 | blown glass | slate | Glows amber when the evening starts
Cordless Terrace Lamp | 89.00 | aluminium | sage | Thirty hours out of doors on one charge
""",
    ),
    Aisle(
        "Home > Blankets",
        ("Hollinreed", "Wrenmoor"),
        "living",
        "Woven in a small mill and washed soft.",
        """
Herringbone Wool Throw | 109.00 | lambswool | slate | Heavy enough to settle under
Waffle Cotton Blanket | 69.00 | organic cotton | sage | Light for summer, layered for winter
Chunky Knit Throw | 129.00 | merino wool | oat | Knitted on arms, not needles
Tartan Travel Blanket | 84.00 | recycled wool | brick | Rolls up with leather straps
Mohair Throw | 159.00 | mohair | rose | A halo of warmth that weighs nothing
Striped Beach Blanket | 54.00 | cotton | lagoon | Flat-woven, so the sand falls out
Sherpa Fleece Blanket | 49.00 | recycled fleece | plum | The one the dog will choose
Linen Bedspread | 179.00 | washed linen | sand | Creased on purpose
""",
    ),
    Aisle(
        "Home > Candles",
        ("Wickhollow", "Glimworth"),
        "living",
        "Poured by hand with a cotton wick.",
        """
Cedar & Smoke Candle | 28.00 | soy wax | forest | A cabin with the stove just lit
Fig Leaf Candle | 28.00 | soy wax | sage | Green, milky and a little sweet
Beeswax Dinner Candles, Six | 24.00 | beeswax | honey | Slow, bright and free of drips
Sea Salt Candle | 26.00 | soy wax | sky | A window open to the harbour
Orange & Clove Candle | 27.00 | soy wax | terracotta | December, whenever you like
Tea Lights, Fifty | 16.00 | rapeseed wax | chalk | Eight hours each, in cups that can be recycled
Black Pepper Pillar Candle | 22.00 | rapeseed wax | charcoal | A broad candle with a quiet, warm scent
Lavender Travel Candle | 15.00 | soy wax | plum | A tin with a lid for strange hotel rooms
""",
    ),
    Aisle(
        "Home > Cushions",
        ("Hollinreed", "Marlowick"),
        "living",
        "The cover zips off; the feather pad is included.",
        """
Washed Linen Cushion | 44.00 | washed linen | clay | Soft from the first day
Velvet Cushion | 49.00 | cotton velvet | forest | Deep pile with a piped edge
Block-Print Cushion | 52.00 | organic cotton | navy | Printed by hand with a carved block
Boucle Cushion | 54.00 | wool boucle | cream | Loops you will not stop touching
Corduroy Floor Cushion | 89.00 | cotton corduroy | mustard | A low seat for long evenings
Bolster Cushion | 47.00 | cotton canvas | rust | For the small of the back or the end of the bed
Embroidered Meadow Cushion | 59.00 | linen | sage | Eleven wild flowers in chain stitch
Outdoor Bench Cushion | 64.00 | solution-dyed acrylic | slate | Rain runs off and the colour stays
""",
    ),
    Aisle(
        "Garden > Planters",
        ("Clayhallow", "Brackenby"),
        "gardening",
        "Frost-proof, with a hole for drainage.",
        """
Terracotta Long Tom Pot | 24.00 | terracotta | terracotta | Tall and narrow for herbs that root deep
Glazed Garden Pot | 54.00 | stoneware | lagoon | A blue that rain makes brighter
Hanging Macramé Planter | 32.00 | cotton cord | oat | Knotted by hand, holds a fifteen-centimetre pot
Oak Barrel Planter | 89.00 | oak | oak | Once held cider, now holds a tree
Galvanised Trough | 64.00 | galvanised steel | steel | A metre of salad by the kitchen door
Window Box | 44.00 | powder-coated steel | forest | Brackets for sills and railings
Self-Watering Pot | 36.00 | recycled plastic | slate | A reservoir for people who go away
Fluted Indoor Pot | 29.00 | stoneware | chalk | With a saucer, so the sideboard survives
""",
    ),
    Aisle(
        "Garden > Garden Tools",
        ("Clayhallow", "Pottergate Forge"),
        "gardening",
        "Ash handles from managed woods.",
        """
Hand Trowel | 24.00 | forged steel | oak | A sharp shoulder and inches marked on the blade
Border Spade | 69.00 | stainless steel | steel | Narrow enough to work between the roses
Bypass Secateurs | 49.00 | high-carbon steel | brick | A clean cut through a thumb-thick stem
Copper Watering Can | 84.00 | copper | copper | A fine rose and a balance you feel when it is full
Weeding Fork | 27.00 | forged steel | forest | Three tines that lift a dandelion whole
Leather Gardening Gloves | 34.00 | goatskin | sand | Long cuffs against brambles
Garden Trug | 46.00 | sweet chestnut | honey | Light as a basket, strong as a bucket
Potting Bench Brush | 14.00 | beech and bristle | walnut | Sweeps the compost back into the pot
""",
    ),
    Aisle(
        "Garden > Seeds",
        ("Clayhallow", "Wickhollow"),
        "gardening",
        "Open-pollinated and tested for germination.",
        """
Wild Meadow Seed Mix | 7.50 | native seed | rose | Twenty-two flowers for bees and moths
Heritage Tomato Seeds | 4.50 | vegetable seed | brick | Four old kinds that never travel well
Salad Leaf Seeds | 3.50 | vegetable seed | moss | Cut and come again until October
Kitchen Herb Seeds | 6.50 | herb seed | sage | Basil, chives, dill, parsley and thyme
Sunflower Seeds, Giant | 3.50 | flower seed | mustard | Taller than the shed by August
Sweet Pea Seeds | 4.00 | flower seed | plum | Scent for the table from June
Chilli Pepper Seeds | 4.50 | vegetable seed | rust | From friendly to foolish in five packets
Spring Bulb Collection | 19.00 | flower bulbs | ochre | Sixty bulbs, planted once, back each year
""",
    ),
)
