"""A simple drawing for each aisle, in a 400 × 400 field with the ground at y = 330.

Placeholders are colours: `$main`, its `$dark` and `$light` shade, and `$trim` for metal, wood and paper.
"""

from string import Template

_SHAPES = {
    "Tents": """
<path d="M200 112 62 330h276z" fill="$main"/><path d="M200 112 338 330h-84z" fill="$dark"/>
<path d="M200 150 152 330h96z" fill="$ink"/><path d="M200 150 152 330l-22 0z" fill="$light"/>
<path d="M192 100l8 14 8-14M62 330l-22 6M338 330l22 6" class="l" stroke="$ink"/>""",
    "Sleeping Bags": """
<path d="M138 100q62-44 124 0 26 24 22 70l-20 130q-8 30-64 30t-64-30l-20-130q-4-46 22-70z" fill="$main"/>
<path d="M158 112q42-30 84 0 14 20 8 54-50 30-100 0-6-34 8-54z" fill="$light"/>
<ellipse cx="200" cy="132" rx="34" ry="18" fill="$trim"/>
<path d="M124 200q76 30 152 0M130 240q70 26 140 0M137 280q63 22 126 0" class="l" stroke="$dark"/>""",
    "Camp Cooking": """
<path d="M122 190h156v76q0 24-24 24H146q-24 0-24-24z" fill="$main"/>
<path d="M214 190h64v76q0 24-24 24h-40z" fill="$dark"/>
<rect x="112" y="178" width="176" height="18" rx="9" fill="$light"/>
<path d="M122 186q0-96 78-96t78 96" class="l" stroke="$trim"/><circle cx="200" cy="172" r="9" fill="$ink"/>
<path d="M150 330q-4-22 12-32 2 14 12 18 0-20 18-30 4 18 18 24 2-10 8-14 18 14 16 34z" fill="#e0803c"/>
<path d="M126 330h148" class="l" stroke="$ink"/>""",
    "Headlamps & Lanterns": """
<path d="M152 128q0-50 48-50t48 50" class="l" stroke="$ink"/><path d="M146 150 166 118h68l20 32z" fill="$main"/>
<rect x="156" y="150" width="88" height="124" rx="12" fill="#fff3c9"/>
<ellipse cx="200" cy="214" rx="20" ry="32" fill="#f6c453"/>
<ellipse cx="200" cy="222" rx="9" ry="17" fill="#fff8e1"/>
<path d="M156 158v110M244 158v110M178 150v124M222 150v124" class="t" stroke="$ink"/>
<path d="M140 274h120l12 40q2 16-14 16H142q-16 0-14-16z" fill="$main"/>
<path d="M200 274h60l12 40q2 16-14 16h-58z" fill="$dark"/>""",
    "Camp Furniture": """
<path d="M136 96 248 330M264 96 152 330M112 230l-6 100M288 230l6 100" class="l" stroke="$trim"/>
<path d="M128 88h144l-10 130H138z" fill="$main"/><path d="M112 216h176l-14 40H126z" fill="$dark"/>
<path d="M128 88h144l-2 24H130z" fill="$light"/><path d="M96 206h40M264 206h40" class="l" stroke="$ink"/>""",
    "Backpacks": """
<path d="M172 92q0-26 28-26t28 26" class="l" stroke="$ink"/>
<path d="M118 176q0-92 82-92t82 92v130q0 24-24 24H142q-24 0-24-24z" fill="$main"/>
<path d="M98 220q0-16 20-16v90h-6q-14 0-14-14zM302 220q0-16-20-16v90h6q14 0 14-14z" fill="$dark"/>
<path d="M126 150q74 46 148 0v-10q-10-56-74-56t-74 56z" fill="$light"/>
<rect x="144" y="222" width="112" height="86" rx="16" fill="$dark"/>
<path d="M144 246h112M200 160v34" class="l" stroke="$trim"/>""",
    "Duffels": """
<path d="M150 190q0-80 50-80t50 80" class="l" stroke="$ink"/>
<rect x="70" y="180" width="260" height="150" rx="56" fill="$main"/>
<path d="M260 180h14q56 0 56 56v38q0 56-56 56h-14z" fill="$dark"/>
<path d="M140 180h22v150h-22zM238 180h22v150h-22z" fill="$trim"/><path d="M96 206h208" class="t" stroke="$ink"/>
<rect x="174" y="238" width="52" height="40" rx="8" fill="$light"/>""",
    "Water Bottles": """
<rect x="172" y="72" width="56" height="40" rx="10" fill="$ink"/><path d="M178 112h44v18h-44z" fill="$trim"/>
<path d="M150 168q0-38 50-38t50 38v138q0 24-24 24h-52q-24 0-24-24z" fill="$main"/>
<path d="M222 132q28 8 28 36v138q0 24-24 24h-10q12-8 12-26z" fill="$dark"/>
<rect x="164" y="170" width="14" height="120" rx="7" fill="$light"/><circle cx="204" cy="232" r="20" fill="$trim"/>""",
    "Rain Jackets": """
<path d="M156 104 96 146q-16 12-18 36l-8 106h44l12-76v118h148V212l12 76h44l-8-106q-2-24-18-36l-60-42z" fill="$main"/>
<path d="M200 130v200h74V212l12 76h44l-8-106q-2-24-18-36l-60-42z" fill="$dark" opacity=".55"/>
<path d="M150 110q0-46 50-46t50 46l-22 34h-56z" fill="$light"/>
<path d="M172 116q0-28 28-28t28 28l-12 26h-32z" fill="$ink"/>
<path d="M200 146v184" class="t" stroke="$trim"/><path d="M142 254h36M222 254h36" class="l" stroke="$trim"/>""",
    "Base Layers": """
<path d="M158 88 96 118q-14 8-16 26l-12 150h42l16-92v128h148V202l16 92h42l-12-150q-2-18-16-26l-62-30q-42 32-84 0z"
 fill="$main"/>
<path d="M158 88q42 48 84 0l-10-6q-32 26-64 0z" fill="$dark"/>
<path d="M126 312h148v18H126zM68 282h43l-2 12H67zM289 282h43l1 12h-43z" fill="$dark"/>
<path d="M126 190h148M126 206h148" class="t" stroke="$light"/>""",
    "Socks": """
<path d="M216 84h66v130q0 20 16 36l22 24q18 20 2 38-18 18-40 0l-50-44q-16-16-16-38z" fill="$dark"/>
<path d="M122 84h72v136q0 18-12 34l-52 60q-20 20-42 2-18-18-2-40l24-34q12-16 12-36z" fill="$main"/>
<path d="M118 84h80v32h-80zM212 84h74v32h-74z" fill="$light"/>
<path d="M122 150h72M122 172h72M216 150h66M216 172h66" class="l" stroke="$trim"/>
<path d="M88 316q-18-18-2-40l12-16q28 12 34 52-22 24-44 4z" fill="$light"/>""",
    "Hats & Gloves": """
<circle cx="200" cy="92" r="30" fill="$light"/><path d="M96 264q0-156 104-156t104 156z" fill="$main"/>
<path d="M200 108q104 0 104 156h-60q4-120-44-156z" fill="$dark"/>
<rect x="82" y="254" width="236" height="66" rx="26" fill="$light"/>
<path d="M112 262v50M142 262v50M172 262v50M202 262v50M232 262v50M262 262v50M290 262v50" class="t" stroke="$dark"/>""",
    "Hiking Boots": """
<path d="M120 92h104v96q0 22 24 30l52 18q30 12 30 46v14H120z" fill="$main"/><path d="M120 92h36v204h-36z" fill="$dark"/>
<path d="M112 84h120v26H112z" fill="$light"/><path d="M108 296h226v12q0 22-22 22H120q-12 0-12-14z" fill="$ink"/>
<path d="M196 130l36 6M196 158l38 8M200 188l40 12M214 214l38 14" class="l" stroke="$trim"/>
<path d="M276 228q54 10 54 54v14h-40q0-44-14-68z" fill="$dark"/>""",
    "Trail Shoes": """
<path d="M74 196q26 18 58 0l22-26q10-10 22 2 40 48 106 58 52 8 54 52v8H74z" fill="$main"/>
<path d="M74 196q26 18 58 0l10 94H74z" fill="$dark"/><path d="M66 290h276q4 40-34 40H94q-30 0-28-40z" fill="$trim"/>
<path d="M66 310h274q-6 20-32 20H94q-24 0-28-20z" fill="$ink"/>
<path d="M176 202l24-18M198 222l26-18M224 238l24-18M166 282q60-4 92-44" class="l" stroke="$light"/>""",
    "Sandals": """
<path d="M62 306q0-26 34-30l150-16q50-6 76 14 22 18 16 44-4 12-20 12H86q-24 0-24-24z" fill="$ink"/>
<path d="M66 292q6-20 36-24l140-16q48-6 74 12 16 12 18 28-60-10-130-2-80 10-138 2z" fill="$trim"/>
<path d="M214 288q-8-74 50-96 30 20 34 90-40-6-84 6z" fill="$main"/>
<path d="M82 292q-14-70 16-106l40 10q-16 44 2 94z" fill="$main"/>
<path d="M92 216q60 0 140 44l-6 22q-70-42-136-42z" fill="$dark"/>
<rect x="92" y="208" width="26" height="22" rx="5" fill="$light"/>""",
    "Coffee & Tea Gear": """
<path d="M112 160h156l-10 146q-2 24-26 24h-84q-24 0-26-24z" fill="$main"/>
<path d="M206 160h62l-10 146q-2 24-26 24h-40z" fill="$dark"/>
<path d="M266 190q52-10 52 40t-58 50" class="w" stroke="$trim"/>
<path d="M118 214 74 176q-8-8-2-18l8-12" class="w" stroke="$light"/>
<path d="M106 160q0-48 84-48t84 48z" fill="$light"/><circle cx="190" cy="102" r="14" fill="$ink"/>""",
    "Mugs": """
<path d="M264 174q64-14 64 46t-78 60" class="w" stroke="$dark"/>
<path d="M100 138h176v146q0 46-46 46h-84q-46 0-46-46z" fill="$main"/>
<path d="M210 138h66v146q0 46-46 46h-46q26-8 26-46z" fill="$dark" opacity=".6"/>
<ellipse cx="188" cy="138" rx="88" ry="20" fill="$light"/><ellipse cx="188" cy="140" rx="74" ry="13" fill="#4a2f22"/>
<path d="M160 108q-14-18 0-34t0-34M206 108q-14-18 0-34t0-34" class="t" stroke="$trim"/>""",
    "Cookware": """
<path d="M86 196h212v92q0 42-42 42H128q-42 0-42-42z" fill="$main"/>
<path d="M220 196h78v92q0 42-42 42h-58q22-10 22-42z" fill="$dark"/>
<rect x="74" y="182" width="236" height="22" rx="11" fill="$light"/>
<path d="M86 182q10-56 106-56t106 56z" fill="$main"/>
<path d="M110 168q20-26 70-30" class="t" stroke="$light"/><path d="M172 118q20-28 40 0v10h-40z" fill="$trim"/>
<path d="M86 236H60M298 236h26" class="w" stroke="$trim"/>""",
    "Knives & Boards": """
<rect x="72" y="110" width="180" height="220" rx="22" fill="$main"/><circle cx="162" cy="138" r="13" fill="$ground"/>
<path d="M98 170v140M130 160v158M196 160v158M226 170v140" class="t" stroke="$dark"/>
<path d="M276 84q44 60 34 146h-34z" fill="#dfe5e8"/><path d="M276 84q18 60 14 146h-14z" fill="#b9c3c9"/>
<rect x="272" y="226" width="36" height="16" rx="4" fill="$ink"/>
<rect x="276" y="240" width="28" height="90" rx="13" fill="$dark"/>
<circle cx="290" cy="264" r="4" fill="$trim"/><circle cx="290" cy="302" r="4" fill="$trim"/>""",
    "Storage Jars": """
<path d="M128 148q-16 10-16 32v120q0 30 30 30h116q30 0 30-30V180q0-22-16-32z" fill="#e4ecec"/>
<path d="M112 214q44-16 88 0t88 0v86q0 30-30 30H142q-30 0-30-30z" fill="$main"/>
<path d="M244 220q24 6 44-6v86q0 30-30 30h-24q12-10 10-30z" fill="$dark"/>
<rect x="118" y="98" width="164" height="46" rx="14" fill="$trim"/>
<rect x="124" y="140" width="152" height="12" rx="6" fill="$dark"/>
<rect x="156" y="232" width="88" height="56" rx="8" fill="#fdf8ee"/>
<path d="M172 252h56M172 268h36" class="t" stroke="$ink"/>""",
    "Coffee Beans": """
<path d="M118 100h164l14 206q2 24-22 24H126q-24 0-22-24z" fill="$main"/>
<path d="M230 100h52l14 206q2 24-22 24h-44z" fill="$dark"/>
<path d="M112 76h176v34H112z" fill="$light"/><path d="M112 92h176" class="t" stroke="$dark"/>
<circle cx="196" cy="216" r="56" fill="#fdf6e8"/>
<g transform="rotate(32 196 216)"><ellipse cx="196" cy="216" rx="25" ry="38" fill="#5b3a28"/>
<path d="M196 180q-12 18 0 36t0 36" class="t" stroke="#fdf6e8"/></g>""",
    "Tea": """
<ellipse cx="200" cy="306" rx="84" ry="24" fill="$dark"/>
<path d="M116 132h168v174H116z" fill="$main"/>
<path d="M238 132h46v174q-10 8-46 16z" fill="$dark" opacity=".6"/>
<ellipse cx="200" cy="132" rx="88" ry="24" fill="$light"/><path d="M112 112h176v22q-20 22-88 22t-88-22z" fill="$light"/>
<ellipse cx="200" cy="110" rx="88" ry="22" fill="$trim"/><circle cx="196" cy="236" r="48" fill="#fdf8ee"/>
<path d="M166 262q-4-56 60-58 4 60-60 58zm4-2 32-34" fill="#6d8f4e" stroke="#4d6b35" stroke-width="3"/>""",
    "Trail Snacks": """
<path d="M96 120h208l-14 18 14 18v130l-14 22 14 22H96l14-22-14-22V156l14-18z" fill="$main"/>
<path d="M248 120h56l-14 18 14 18v130l-14 22 14 22h-56z" fill="$dark"/>
<path d="M96 120h208v-26H96z" fill="$light"/>
<path d="M112 94v26M136 94v26M160 94v26M184 94v26M208 94v26M232 94v26M256 94v26M280 94v26" class="t" stroke="$dark"/>
<path d="M128 276 176 196l26 36 18-26 46 70z" fill="#fdf8ee"/>
<path d="m176 196 14 20-12 10-14-10z" fill="$trim"/>
<circle cx="236" cy="184" r="14" fill="$trim"/>""",
    "Lamps": """
<path d="M154 76h92l52 120H102z" fill="$main"/>
<path d="M214 76h32l52 120h-64z" fill="$dark"/>
<path d="M102 196h196l10 16H92z" fill="$light"/>
<path d="M124 212h152l52 118H72z" fill="#f9e3a3" opacity=".5"/>
<rect x="192" y="212" width="16" height="98" fill="$trim"/>
<path d="M144 330q0-24 56-24t56 24z" fill="$ink"/>
<path d="M250 212v40" class="t" stroke="$ink"/>
<circle cx="250" cy="256" r="6" fill="$ink"/>""",
    "Blankets": """
<rect x="76" y="262" width="248" height="68" rx="30" fill="$dark"/>
<rect x="84" y="196" width="232" height="70" rx="30" fill="$main"/>
<rect x="76" y="130" width="248" height="70" rx="30" fill="$light"/>
<path d="M122 130v70M146 130v70M254 130v70M278 130v70" class="l" stroke="$main"/>
<path d="M128 196v70M152 196v70M248 196v70M272 196v70" class="l" stroke="$dark"/>
<path d="M104 296h192M108 306h184" class="t" stroke="$light"/>
<path d="M318 150v30M326 150v30M310 216v30M318 216v30" class="t" stroke="$trim"/>""",
    "Candles": """
<path d="M200 62q34 42 14 70-14 14-28 0-20-28 14-70z" fill="#f6b24a"/>
<path d="M200 92q16 22 6 38-6 6-12 0-10-16 6-38z" fill="#fff3c9"/>
<path d="M200 132v28" class="t" stroke="$ink"/><path d="M118 176h164v130q0 24-24 24H142q-24 0-24-24z" fill="$main"/>
<path d="M232 176h50v130q0 24-24 24h-34q10-8 8-24z" fill="$dark"/>
<ellipse cx="200" cy="176" rx="82" ry="20" fill="$light"/>
<ellipse cx="200" cy="178" rx="64" ry="12" fill="#fdf6e3"/>
<rect x="144" y="226" width="96" height="62" rx="6" fill="#fdf8ee"/>
<path d="M162 248h60M172 266h40" class="t" stroke="$ink"/>""",
    "Cushions": """
<path d="M92 112q108-28 216 0 28 108 0 206-108 24-216 0-28-98 0-206z" fill="$main"/>
<path d="M308 112q28 108 0 206-54 12-108 12 84-90 108-218z" fill="$dark" opacity=".5"/>
<path d="M128 138q72-18 144 0 18 72 0 152-72 16-144 0-18-80 0-152z" class="t" stroke="$light"/>
<path d="M200 160v106M154 186l92 54M246 186l-92 54" class="l" stroke="$light"/>
<circle cx="200" cy="213" r="15" fill="$trim"/>""",
    "Planters": """
<path d="M200 216q-74-18-92-104 78 4 92 104zm0 0q74-18 92-104-78 4-92 104z" fill="#6d9459"/>
<path d="M200 216q-38-74 0-150 38 76 0 150z" fill="#86ad6b"/>
<path d="M200 214V96M196 204q-30-50-66-74M204 204q30-50 66-74" class="t" stroke="#4f7340"/>
<path d="M122 226h156l-18 86q-4 18-24 18h-72q-20 0-24-18z" fill="$main"/>
<path d="M222 226h56l-18 86q-4 18-24 18h-32z" fill="$dark"/>
<rect x="108" y="206" width="184" height="34" rx="9" fill="$light"/>""",
    "Garden Tools": """
<g transform="rotate(-16 150 220)"><rect x="138" y="72" width="24" height="110" rx="12" fill="$trim"/>
<rect x="143" y="176" width="14" height="42" fill="$ink"/>
<path d="M108 214h84v50q0 44-42 74-42-30-42-74z" fill="$main"/><path d="M150 214h42v50q0 44-42 74z" fill="$dark"/></g>
<g transform="rotate(16 256 220)"><rect x="244" y="72" width="24" height="110" rx="12" fill="$trim"/>
<path d="M256 176v44" class="l" stroke="$ink"/>
<path d="M222 330v-78q0-26 34-26t34 26v78M256 226v104" class="l" stroke="$main"/></g>""",
    "Seeds": """
<rect x="108" y="80" width="184" height="250" rx="10" fill="#fdf6e6"/>
<path d="M108 90q0-10 10-10h164q10 0 10 10v44H108z" fill="$main"/>
<path d="M136 106h128" class="l" stroke="#fdf6e6"/>
<path d="M200 300v-74" class="l" stroke="#5f8549"/>
<path d="M200 286q-40 4-50-34 42-2 50 34zm0-8q40 0 48-36-42 0-48 36z" fill="#7da163"/>
<g fill="$light"><circle cx="200" cy="178" r="20"/>
<circle cx="178" cy="196" r="20"/>
<circle cx="222" cy="196" r="20"/>
<circle cx="187" cy="220" r="20"/>
<circle cx="213" cy="220" r="20"/>
</g>
<circle cx="200" cy="202" r="17" fill="$dark"/>""",
}

_PARCEL = """
<path d="M90 160 200 116l110 44v124l-110 46-110-46z" fill="$main"/><path d="M200 204l110-44v124l-110 46z" fill="$dark"/>
<path d="M90 160 200 116l110 44-110 44z" fill="$light"/><path d="M145 138l110 44v42" class="l" stroke="$trim"/>"""

# Things that look unlike the rest of their aisle, by a word of their names.
_THINGS = {
    "gloves": """
<path d="M120 196q0-20 16-20t16 20v-84q0-16 16-16t16 16v-16q0-16 16-16t16 16v16
q0-16 16-16t16 16v24q0-14 15-14t15 14v116q0 40-34 54v34H154v-34z" fill="$main"/>
<path d="M230 262q48-22 48-126v116q0 40-34 54v34h-34z" fill="$dark"/>
<path d="M184 112v84M216 112v84M248 136v60" class="t" stroke="$dark"/>
<rect x="144" y="286" width="112" height="44" rx="14" fill="$light"/>
<path d="M164 296v26M188 296v26M212 296v26M236 296v26" class="t" stroke="$dark"/>""",
    "trousers": """
<path d="M130 86h140l24 244h-66l-28-150-28 150h-66z" fill="$main"/>
<path d="M200 86h70l24 244h-66l-28-150z" fill="$dark" opacity=".6"/>
<path d="M126 80h148l2 28H124z" fill="$light"/>
<path d="M200 108v40M140 128q20 4 26 24M260 128q-20 4-26 24" class="t" stroke="$trim"/>
<path d="M108 312h66M226 312h66" class="t" stroke="$light"/>""",
    "pan": """
<g transform="translate(0 32)"><path d="M268 226 350 168" class="w" stroke="$ink"/>
<path d="M60 222h230q-2 58-76 74h-78q-74-16-76-74z" fill="$main"/>
<path d="M232 222h58q-2 58-76 74h-28q46-22 46-74z" fill="$dark"/>
<ellipse cx="175" cy="222" rx="115" ry="28" fill="$light"/>
<ellipse cx="175" cy="224" rx="96" ry="19" fill="$dark"/>
<path d="M120 224q10-14 34-10 18-10 36 2 26 0 20 12-20 10-50 6-36 4-40-10z" fill="#fdf8ee"/>
<circle cx="164" cy="222" r="10" fill="#f0ad3d"/></g>""",
    "dripper": """
<path d="M96 100h208l-66 112h-76z" fill="$main"/>
<path d="M228 100h76l-66 112h-40z" fill="$dark"/>
<path d="M124 106l52 100M160 106l28 100M240 106l-28 100" class="t" stroke="$light"/>
<path d="M112 88 128 104h144l16-16z" fill="#fdf8ee"/>
<rect x="132" y="208" width="136" height="18" rx="9" fill="$light"/>
<path d="M146 240h108v66q0 24-24 24h-60q-24 0-24-24z" fill="#e4ecec"/>
<path d="M146 282h108v24q0 24-24 24h-60q-24 0-24-24z" fill="#5b3a28"/>
<path d="M200 228v46" class="t" stroke="#5b3a28"/><path d="M254 254q38-4 34 26t-34 24" class="l" stroke="$trim"/>""",
    "grinder": """
<path d="M200 112V88h74" class="l" stroke="$ink"/>
<circle cx="280" cy="88" r="17" fill="$trim"/>
<path d="M142 150q0-42 58-42t58 42z" fill="$light"/>
<rect x="138" y="150" width="124" height="98" rx="10" fill="$main"/>
<path d="M214 150h38q10 0 10 10v78q0 10-10 10h-38z" fill="$dark"/>
<rect x="130" y="240" width="140" height="22" rx="11" fill="$trim"/>
<path d="M142 262h116v50q0 18-18 18h-80q-18 0-18-18z" fill="#e4ecec"/>
<path d="M142 290q60-14 116 0v22q0 18-18 18h-80q-18 0-18-18z" fill="#5b3a28"/>""",
    "table": """
<path d="M112 196 84 330M288 196l28 134M154 196l-16 134M246 196l16 134" class="l" stroke="$ink"/>
<rect x="58" y="166" width="284" height="34" rx="10" fill="$main"/>
<path d="M240 166h92q10 0 10 10v14q0 10-10 10h-92z" fill="$dark"/>
<path d="M98 166v34M138 166v34M178 166v34M218 166v34M258 166v34M298 166v34" class="t" stroke="$light"/>
<path d="M176 112h52v36q0 18-18 18h-16q-18 0-18-18z" fill="$trim"/>
<path d="M228 122q22-2 20 14t-22 14" class="t" stroke="$trim"/>""",
    "hammock": """
<path d="M70 84v246M330 84v246" class="w" stroke="$trim"/>
<path d="M74 132q126 210 252 0-20 176-126 176T74 132z" fill="$main"/>
<path d="M74 132q126 210 252 0-126 144-252 0z" fill="$light"/>
<path d="M116 226q34 66 62 78M284 226q-34 66-62 78M200 240v66" class="l" stroke="$dark"/>""",
    "slippers": """
<path d="M66 300q0-34 40-44 60-14 98-50 34-30 78-14 56 22 56 76 0 32-30 32z" fill="$main"/>
<path d="M204 206q34-30 78-14 56 22 56 76 0 32-30 32h-70q16-70-34-94z" fill="$dark"/>
<path d="M66 300q0-34 40-44 60-14 98-50l18 14q-30 60-130 72z" fill="#fdf3e1"/>
<path d="M58 300h282q4 30-30 30H88q-30 0-30-30z" fill="$trim"/>
<path d="M250 232q40 4 56 38" class="t" stroke="$light"/>""",
    "watering can": """
<path d="M150 196c10-92 108-92 122 0M276 214c66-6 62 84 6 84" class="l" stroke="$trim"/>
<path d="M136 312 66 196l20-12 62 92z" fill="$main"/>
<path d="m44 208 62-40-8-14-66 34z" fill="$dark"/>
<path d="M138 192h144l10 128q1 14-14 14H142q-15 0-14-14z" fill="$main"/>
<path d="M222 192h60l10 128q1 14-14 14h-56z" fill="$dark"/>
<path d="M136 222h148" class="t" stroke="$light"/>""",
}

_NAMED = {
    "gloves": ("Gloves", "Mittens", "Gauntlets"),
    "trousers": ("Trousers", "Leggings", "Long Johns"),
    "pan": ("Skillet", "Wok", "Griddle"),
    "dripper": ("Dripper", "Paper Filters"),
    "grinder": ("Grinder",),
    "table": ("Camp Table",),
    "hammock": ("Hammock",),
    "watering can": ("Watering Can",),
    "slippers": ("Slippers", "Slides", "Clogs", "Espadrilles"),
}

_TEMPLATES = {kind: Template(drawing) for kind, drawing in {**_SHAPES, **_THINGS, "": _PARCEL}.items()}


def shape(name: str, aisle: str) -> Template:
    """The drawing of a thing of that name, else of what its aisle sells, else of a parcel."""
    thing = next(
        (kind for kind, words in _NAMED.items() if aisle in _SHAPES and any(word in name for word in words)), aisle
    )
    return _TEMPLATES.get(thing) or _TEMPLATES[""]
