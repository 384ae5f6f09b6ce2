def reference_page(d): return ""
def problems_page(): return ""
