series IN @series AND day >= {{.FirstDay}} AND day <= {{.LastDay}} AND at >= @from AND at < @to
          {{- if .Hourly}} AND day IN @days AND at - at % 3600000 IN @raw{{end}}
          {{- if .Sealed}} AND (series, at - at % 3600000) NOT IN (
              -- Days without points are of no use in the set.
              SELECT series, hour FROM series_hours
              WHERE series IN @series AND hour > @from - 3600000 AND hour < @to AND sealed
                AND hour >= (SELECT min(day) FROM points) * 86400000){{end}}