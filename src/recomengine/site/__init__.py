"""Files for browsers: `static/` holds those written by hand, `built/` all that is served, as build.py makes it (a
folder each bundle).
"""
