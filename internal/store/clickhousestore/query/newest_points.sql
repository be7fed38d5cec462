SELECT series, max(at) FROM points WHERE day IN @days AND series IN @series GROUP BY series
