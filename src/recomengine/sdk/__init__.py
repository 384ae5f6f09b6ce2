"""The browser SDK: its files, and the tag that brings it onto a shop's pages."""
