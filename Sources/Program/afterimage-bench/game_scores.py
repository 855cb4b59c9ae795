"""The yardstick of the part `pipeline`: game-scores as a script folds it, once, from a file of plays to SQLite.

Usage: game_scores.py PLAYS DATABASE. A line: commit time in milliseconds, player, game, time played, number, points.
"""
import sqlite3, sys
from collections import Counter
from datetime import datetime, timezone

DAYS = {}

def iso(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')

def day(ms):
    number = ms // 86_400_000
    return DAYS.get(number) or DAYS.setdefault(number, iso(ms)[:10])

plays, bests, by_game, by_day, most = [], {}, {}, {}, Counter()

with open(sys.argv[1], encoding='utf-8', newline='\n') as lines:
    for line in lines:
        ms, player, game, played, number, points = line[:-1].split('\t')
        ms, played, points = int(ms), played[:-1] + '.000000Z', int(points)
        plays.append((player, game, played, number, points))
        best = bests.get((player, game))
        if best is None:
            bests[player, game] = [points, points, 1, points, played]
        else:
            best[0] = max(best[0], points); best[1] = min(best[1], points); best[2] += 1; best[3] += points
            best[4] = max(best[4], played)
        for board, key in ((by_game, (game, player)), (by_day, (game, day(ms), player))):
            place = board.get(key)
            if place is None or points > place[0]: board[key] = (points, ms)
        most[player] += 1

db = sqlite3.connect(sys.argv[2])
def load(name, columns, key, rows):
    db.execute(f'CREATE TABLE {name} ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID')
    db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * (columns.count(',') + 1))})", rows)
load('players', 'player, nick', 'player', [])
load('plays', 'player, game, played, stamp, points', 'player, game, played, stamp', sorted(plays))
db.execute('CREATE INDEX by_game_order ON plays (game, played DESC)')
load('player_bests', 'player, game, best, worst, plays, total, last', 'player, game', ((*k, *v) for k, v in bests.items()))
load('by_game', 'game, player, score, reached', 'game, player', ((*k, n, iso(t)) for k, (n, t) in by_game.items()))
load('by_day', 'game, day, player, score, reached', 'game, day, player', ((*k, n, iso(t)) for k, (n, t) in by_day.items()))
load('most_played', 'player, score', 'player', most.items())
db.commit()
