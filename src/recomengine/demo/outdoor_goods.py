"""The outdoor half of the demo shop's range, written by hand. A line: name | price | material | colour | what is
special.
"""

from typing import NamedTuple


class Aisle(NamedTuple):
    category: str
    brands: tuple[str, ...]
    use: str
    note: str
    goods: str


OUTDOOR_AISLES = (
    Aisle(
        "Outdoor > Tents",
        ("Larkfell", "Tarnbeck"),
        "camping",
        "Poles, pegs and a repair sleeve are in the bag.",
        """
Curlew Two-Person Tent | 249.00 | ripstop nylon | moss | Sleeps two and pitches in four minutes, even in wind
Harrier Solo Tent | 189.00 | silicone nylon | ochre | A one-person shelter that packs down to the size of a loaf
Heron Family Tent | 429.00 | recycled polyester | teal | Two bedrooms and a porch high enough to stand up in
Snow Bunting Four-Season Tent | 549.00 | ripstop nylon | rust | Crossed poles and a snow skirt for winter nights
Meadow Bell Tent | 699.00 | cotton canvas | oat | A round canvas room that breathes and lasts for years
Wayside Tarp Shelter | 79.00 | silicone nylon | olive | Three by three metres with nineteen tie-out points
Sandpiper Beach Shelter | 59.00 | polyester | sky | Shade in half a minute, with pockets to fill with sand
Dipper Two-Person Tunnel Tent | 319.00 | recycled polyester | forest | A long porch for muddy boots and a wet dog
""",
    ),
    Aisle(
        "Outdoor > Sleeping Bags",
        ("Tarnbeck", "Wrenmoor"),
        "camping",
        "Comes with a stuff sack and a storage bag.",
        """
Dormouse Summer Sleeping Bag | 69.00 | polyester | sky | Light and airy for nights above ten degrees
Hazel Three-Season Sleeping Bag | 139.00 | recycled polyester | rust | Warm to freezing, with a zip that never catches
Frostline Down Sleeping Bag | 329.00 | duck down | navy | Good to minus twelve and lighter than a jacket
Bramble Kids' Sleeping Bag | 54.00 | polyester | plum | Grows by thirty centimetres as they do
Lull Double Sleeping Bag | 179.00 | brushed cotton | forest | Room for two, or unzips into a pair of quilts
Drift Camping Quilt | 229.00 | duck down | teal | A foot box and no zip, for those who turn at night
Cloudberry Sleeping Mat | 109.00 | recycled polyester | ochre | Eight centimetres of air that a few breaths fill
Silk Sleeping Bag Liner | 64.00 | mulberry silk | oat | Adds three degrees and keeps the bag clean
""",
    ),
    Aisle(
        "Outdoor > Camp Cooking",
        ("Emberlyne", "Brackenby"),
        "camping",
        "Tested over a real fire.",
        """
Kestrel Gas Stove | 74.00 | stainless steel | steel | Boils a litre in three minutes and folds into a pocket
Twin-Burner Picnic Stove | 149.00 | powder-coated steel | forest | Two burners with wind shields and a carry handle
Billy Pot with Bail Handle | 39.00 | hard-anodised aluminium | graphite | Hangs over the fire and pours without a spill
Nesting Trail Cook Set | 89.00 | hard-anodised aluminium | rust | Two pots, a pan and two bowls, one inside the other
Wood-Fired Camp Oven | 219.00 | cast iron | black | Bakes bread, roasts a chicken and never wears out
Titanium Spork Pair | 24.00 | titanium | steel | Two sporks that weigh less than a letter
Folding Fire Bowl | 129.00 | steel | copper | Lifts the fire off the grass and packs flat
Campfire Coffee Percolator | 49.00 | enamelled steel | navy | Eight cups of strong coffee straight from the embers
""",
    ),
    Aisle(
        "Outdoor > Headlamps & Lanterns",
        ("Glimworth", "Larkfell"),
        "camping",
        "Charges by USB-C in two hours.",
        """
Glow-worm Headlamp | 44.00 | polycarbonate | ochre | Four hundred lumens with a red light for reading the map
Night Runner Headlamp | 69.00 | aluminium | charcoal | A balanced band that does not bounce on the trail
Hurricane Lantern | 59.00 | powder-coated steel | brick | The old shape with a dimmable warm light inside
Folding Solar Lantern | 34.00 | silicone | chalk | Charges on the pack all day and glows all night
Pocket Torch | 29.00 | aluminium | graphite | Thumb-sized, bright enough to find the path home
Festoon Camp Lights | 39.00 | copper wire | honey | Ten metres of small lamps for the awning
Candle Lantern | 27.00 | brass | mustard | A sliding glass keeps the flame steady in wind
Dynamo Torch | 32.00 | recycled plastic | teal | A minute of winding for half an hour of light
""",
    ),
    Aisle(
        "Outdoor > Camp Furniture",
        ("Brackenby", "Oddvale"),
        "camping",
        "Folds flat and fits a car boot.",
        """
Fireside Folding Chair | 64.00 | beech and canvas | olive | Low, wide and hard to get out of
Featherweight Camp Stool | 39.00 | aluminium | sky | Three legs, half a kilo, a seat anywhere
Roll-Top Camp Table | 94.00 | bamboo | honey | Slats that roll into a bag, steady on rough ground
Two-Seat Camp Sofa | 159.00 | steel and polyester | slate | A place for two with cup holders at both ends
Cotton Travel Hammock | 49.00 | cotton | terracotta | Wide enough to lie across, with tree straps
Director's Chair | 89.00 | oak and canvas | navy | A side table and a pocket for the book
Waxed Picnic Rug | 59.00 | wool and waxed cotton | forest | Soft above, waterproof below, with a leather strap
Camp Cot | 119.00 | steel and polyester | moss | Off the cold ground and up in a minute
""",
    ),
    Aisle(
        "Packs & Travel > Backpacks",
        ("Wrenmoor", "Tarnbeck"),
        "hiking",
        "Repaired free of charge for ten years.",
        """
Fellwalker 28 Backpack | 119.00 | recycled nylon | teal | A day pack with an airy back and a rain cover
Long Ridge 55 Backpack | 219.00 | ripstop nylon | forest | Carries a week of food without a sore shoulder
Roll-Top City Backpack | 99.00 | waxed canvas | charcoal | A padded laptop sleeve behind a roll-down top
Scout Kids' Backpack | 45.00 | recycled polyester | mustard | Small straps, big pockets, a whistle on the chest
Skyline Running Vest | 84.00 | stretch mesh | sky | Holds two soft flasks and never sways
Old School Canvas Rucksack | 109.00 | cotton canvas | olive | Leather straps and one deep pocket, as it used to be
Summit 18 Packable Backpack | 49.00 | silicone nylon | rust | Folds into its own pocket, opens on the summit
Carry-On Travel Backpack | 169.00 | recycled nylon | slate | Opens like a suitcase and fits above the seat
""",
    ),
    Aisle(
        "Packs & Travel > Duffels",
        ("Oddvale", "Wrenmoor"),
        "travel",
        "Fits the overhead locker in the small size.",
        """
Ferry Weekend Duffel | 129.00 | waxed canvas | olive | Two nights' worth, with a pocket for shoes
Dry Dock Waterproof Duffel | 149.00 | coated polyester | ochre | Welded seams keep the sea on the outside
Harbour Wheeled Duffel | 199.00 | recycled nylon | navy | Ninety litres on wheels that take cobbles
Night Train Overnight Bag | 159.00 | full-grain leather | walnut | A small bag that looks better every year
Packing Cubes, Set of Four | 36.00 | recycled nylon | plum | One each for shirts, socks, cables and the wash
Locker Gym Bag | 59.00 | polyester | graphite | A vented end for wet things
Boathouse Tote | 45.00 | cotton canvas | chalk | Stands open by itself and swallows a picnic
Hanging Wash Bag | 34.00 | waxed cotton | forest | A hook, a mirror and pockets that hold bottles upright
""",
    ),
    Aisle(
        "Packs & Travel > Water Bottles",
        ("Brookhame", "Emberlyne"),
        "hiking",
        "Free of BPA and fine in the dishwasher.",
        """
Brook Insulated Bottle | 34.00 | stainless steel | teal | Ice for a day, hot tea for half of it
Spring Glass Bottle | 29.00 | borosilicate glass | sage | A silicone sleeve and nothing to taste but water
Soft Flask, Half Litre | 22.00 | soft polymer | sky | Shrinks as you drink so nothing sloshes
Trail Filter Bottle | 54.00 | recycled plastic | slate | Scoop from a stream and drink through the filter
Hip Flask | 38.00 | stainless steel | steel | A curved pocket flask for the top of the hill
Wide-Mouth Canteen | 26.00 | aluminium | brick | One litre with a chain that keeps the cap
Vacuum Flask, One Litre | 44.00 | stainless steel | forest | Two cups in the lid and soup that stays hot
Kids' Straw Bottle | 19.00 | recycled plastic | rose | Survives drops and closes with one click
""",
    ),
    Aisle(
        "Clothing > Rain Jackets",
        ("Skerrymoor", "Tarnbeck"),
        "hiking",
        "Sealed seams and a hood that turns with you.",
        """
Squall Rain Jacket | 159.00 | three-layer nylon | lagoon | Waterproof and breathable for whole days of weather
Drizzle Packable Jacket | 89.00 | recycled polyester | ochre | Lives in the bottom of the bag until the sky opens
Mizzle Waxed Coat | 229.00 | waxed cotton | olive | A corduroy collar and pockets for a thermos
Northerly Storm Shell | 329.00 | three-layer nylon | brick | Made for ridges, ropes and sideways rain
Puddle Kids' Raincoat | 49.00 | recycled polyester | mustard | Bright, wipe-clean and big enough for a jumper
Harbour Fisherman's Smock | 119.00 | coated cotton | navy | Goes over the head and keeps the spray off
Cloudburst Rain Trousers | 79.00 | recycled polyester | charcoal | Full side zips to pull on over boots
Commuter Rain Poncho | 64.00 | recycled polyester | slate | Covers the rider, the bag and the handlebars
""",
    ),
    Aisle(
        "Clothing > Base Layers",
        ("Skerrymoor", "Hollinreed"),
        "hiking",
        "Wash cool, dry flat, wear for days.",
        """
Merino Crew Base Layer | 79.00 | merino wool | navy | Warm when wet and fresh after three days
Merino Leggings | 74.00 | merino wool | charcoal | Flat seams that no pack strap can rub
Zip-Neck Trail Top | 59.00 | recycled polyester | teal | Opens on the climb, closes on the ridge
Silk-Blend Vest | 49.00 | silk and cotton | oat | The thinnest warm layer we know
Grid Fleece Pullover | 94.00 | recycled fleece | rust | Air channels that warm you and dry within the hour
Bamboo Everyday Tee | 34.00 | bamboo viscose | sage | Soft enough to sleep in
Thermal Long Johns | 44.00 | brushed cotton | slate | For cold tents and draughty kitchens
Sun Hoodie | 69.00 | recycled polyester | chalk | A light hood and thumb loops against bright snow
""",
    ),
    Aisle(
        "Clothing > Socks",
        ("Hollinreed", "Stoatwell"),
        "hiking",
        "Knitted with a hand-linked toe.",
        """
Hiker Cushion Socks | 22.00 | merino wool | moss | Padding where the boot presses and nowhere else
Trail Runner Ankle Socks | 17.00 | recycled nylon | sky | Thin, quick to dry and kind to toes
Bed Socks | 24.00 | lambswool | rose | Brushed inside and made for cold floors
Ribbed Boot Socks | 26.00 | lambswool | oat | Long enough to fold over a wellington
Waterproof Socks | 39.00 | nylon membrane | graphite | Step in the stream and carry on
Striped Everyday Socks, Three Pairs | 28.00 | organic cotton | terracotta | Three stripes, no odd ones out
Liner Socks, Two Pairs | 19.00 | silk and nylon | charcoal | Under thick socks they put an end to blisters
Mountain Knee Socks | 32.00 | merino wool | brick | Up to the knee, with a band that stays there
""",
    ),
    Aisle(
        "Clothing > Hats & Gloves",
        ("Stoatwell", "Skerrymoor"),
        "hiking",
        "One size fits most heads and hands.",
        """
Fisherman's Rib Beanie | 32.00 | lambswool | rust | A deep fold to pull over the ears
Wide-Brim Sun Hat | 39.00 | organic cotton | sand | Shade for the neck and a cord for the wind
Touchscreen Liner Gloves | 27.00 | merino wool | charcoal | Answer the phone with warm fingers
Sheepskin Mittens | 74.00 | sheepskin | walnut | The warmest thing there is for hands
Bobble Hat | 29.00 | lambswool | plum | A pompom as large as good taste allows
Waxed Rain Cap | 44.00 | waxed cotton | olive | A small brim that keeps drops off glasses
Fleece Neck Warmer | 19.00 | recycled fleece | teal | Scarf, mask or headband, as the day demands
Storm Gauntlets | 89.00 | coated nylon | black | Over the cuff, with a palm that grips a pole
""",
    ),
    Aisle(
        "Footwear > Hiking Boots",
        ("Cairnwick", "Tarnbeck"),
        "hiking",
        "Resoled at our workshop when worn down.",
        """
Scree Leather Hiking Boots | 219.00 | nubuck leather | walnut | A stiff sole for loose stone and heavy packs
Moorland Mid Boots | 159.00 | suede and mesh | sage | Soft from the first mile, dry to the ankle
Ridgeway Waterproof Boots | 189.00 | nubuck leather | graphite | A lined boot that shrugs off wet bracken
Glacier Winter Boots | 259.00 | insulated leather | navy | Felt lined and good to minus twenty
Footpath Light Boots | 129.00 | recycled mesh | teal | A boot that thinks it is a shoe
Junior Ramblers | 79.00 | suede and mesh | plum | Hook laces that small fingers can manage
Shepherd's Chelsea Boots | 179.00 | oiled leather | black | Pull on, walk the dog, wipe clean
Munro Mountain Boots | 289.00 | full-grain leather | brick | Takes a crampon and lasts for decades
""",
    ),
    Aisle(
        "Footwear > Trail Shoes",
        ("Cairnwick", "Skerrymoor"),
        "running",
        "Made with a sticky rubber sole.",
        """
Hare Trail Runners | 129.00 | engineered mesh | ochre | Low, quick and sure on wet rock
Fox Long-Distance Trail Shoes | 149.00 | engineered mesh | rust | A cushion that still feels soft at mile thirty
Otter Swamp Runners | 119.00 | drainable mesh | lagoon | Lets the water out as fast as it comes in
Stag Approach Shoes | 139.00 | suede | slate | Smears on slabs and walks back to the car
Lynx Winter Trail Shoes | 169.00 | softshell | charcoal | A built-in gaiter and small steel studs
Vole Barefoot Shoes | 99.00 | knitted wool | moss | Four millimetres between you and the path
Finch Kids' Trail Shoes | 59.00 | engineered mesh | sky | One strap, no laces, all puddles
Badger Walking Shoes | 124.00 | nubuck leather | oak | An honest shoe for lanes and towpaths
""",
    ),
    Aisle(
        "Footwear > Sandals",
        ("Oddvale", "Cairnwick"),
        "travel",
        "Straps adjust at heel, instep and toe.",
        """
Estuary Walking Sandals | 84.00 | recycled webbing | teal | A proper sole under three broad straps
Cork Footbed Slides | 69.00 | cork and leather | honey | They take the shape of your foot in a week
Rock Pool Water Shoes | 44.00 | neoprene | navy | Grip on weed and dry on the way home
Garden Clogs | 39.00 | recycled rubber | forest | By the back door, in all weathers
Felt House Slippers | 54.00 | wool felt | slate | A leather sole that is quiet on boards
Espadrilles | 42.00 | cotton and jute | terracotta | For terraces, ferries and ice cream
Leather T-Bar Sandals | 94.00 | full-grain leather | walnut | Hand-stitched and better in their third summer
Sheepskin Slippers | 79.00 | sheepskin | sand | Warm feet before the kettle boils
""",
    ),
)
