SELECT issue, tagged FROM histories WHERE tagged <> ''
