"""A page to show around: one HTML file with charts, tables and a panel that recalculates, and nothing to fetch.

`gathering` adds up what the page needs while the scan goes on, in workers too, without a library for drawing;
`writing` needs the extra `report`.
"""
