"""What tests of several folders share; nobody imports from a test file or a conftest.

apps            servers and apps of a test, their clients, tenants and keys
bad_input       bodies that are no JSON, and what the answer to them must be
browsers        the Chromium of the set-up, how it is started, how pages must look
commands        a command of the program, and what it did
dashboards      the dashboard of a running sample shop, as somebody who is signed in has it
databases       databases of a test's own
figures         any events of a day, and how they are sent
gate            builds that wait until they may go on
gateways        between a page and the API: sees all that leaves the browser, and fails as asked
histograms      whether a histogram is one
integrations    a shop that sends and asks, and what is found of its integration
lists           a shop whose shoppers have plain habits, and lists asked of it
live_shops      a shop in a running system, over HTTP
main_path       from a first visit to an attributed purchase, walked by the pages themselves
matrices        sparse matrices, and any of them
people          admins over HTTP
plans           a plan that takes every record as it is
processes       the command line as real processes, and waiting for them
rankers         rankers of any sources, requests to them, and what they answer
reference       the kernels in plain Python
relay           a Redis that can be cut off
rendering       the SDK's renderer by itself, on a page
shoppers        ids of shoppers joined, parted, and marked as robots'
shifts          how far things on a page were moved
shops           catalogs and events stored and built, and waiting in a loop
signals         messages of the bus, to wait for
sites           a merchant's site of its own origin
statements      every SQL statement of the program
stored          events as they were stored
tables          what a plan makes of a table
workers         workers as processes of their own
"""
