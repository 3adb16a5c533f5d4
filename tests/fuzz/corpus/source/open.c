"open
(