"""The yardstick of the part `pipeline`: chat-rooms as a script folds it, once, from a file of messages to SQLite.

Usage: chat_rooms.py MESSAGES DATABASE. A line: commit time in milliseconds, person, room, time sent, number, text.
"""
import re, sqlite3, sys
from collections import defaultdict
from datetime import datetime, timezone

GAP, LONGEST = 1_800_000, 86_400_000
THANKS = re.compile(r'(?is)^(\S+?)[:,]\s.*\bthank(?:s| you)\b').match
DAYS = {}

def iso(ms): return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')
def day(ms): return DAYS.get(ms // 86_400_000) or DAYS.setdefault(ms // 86_400_000, iso(ms)[:10])

timeline, sessions, open_sessions = [], [], {}
room_stats = defaultdict(lambda: [0, set(), '9', ''])
people = defaultdict(lambda: [0, set(), ''])
boards = [defaultdict(lambda: [0, 0]) for _ in range(3)]
def end(person, session, by):
    start, last, count, rooms, room = session
    ended = None if by is None else min(last + GAP, start + LONGEST)
    sessions.append((person, iso(start), iso(last), ended and iso(ended), 'active' if by is None else 'expired', by, count,
                     len(rooms), room, (last - start) // 1000))
with open(sys.argv[1], encoding='utf-8', newline='\n') as lines:
    for line in lines:
        ms, person, room, sent, number, text = line[:-1].split('\t', 5)
        ms, sent = int(ms), sent[:-1] + '.000000Z'
        timeline.append((room, sent, person, number, text))
        stats, activity = room_stats[room], people[person]
        stats[0] += 1; stats[1].add(person); stats[2] = min(stats[2], sent); stats[3] = max(stats[3], sent)
        activity[0] += 1; activity[1].add(room); activity[2] = max(activity[2], sent)
        session = open_sessions.get(person)
        if session and ms > (limit := min(session[1] + GAP, session[0] + LONGEST)):
            end(person, session, 'gap' if limit == session[1] + GAP else 'max')
            session = None
        if not session: session = open_sessions[person] = [ms, ms, 0, set(), room]
        session[1] = ms; session[2] += 1; session[3].add(room); session[4] = room
        thanks = THANKS(text)
        for board, key in zip(boards, ((day(ms), person), person, thanks and thanks[1])):
            if key: place = board[key]; place[0] += 1; place[1] = ms
for person, (start, last, *_) in open_sessions.items():
    limit = min(last + GAP, start + LONGEST)
    end(person, open_sessions[person], None if limit >= ms else 'gap' if limit == last + GAP else 'max')

db = sqlite3.connect(sys.argv[2])
def load(name, columns, key, rows):
    db.execute(f'CREATE TABLE {name} ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID')
    db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * (columns.count(',') + 1))})", rows)
for name in ('rooms', 'room_members', 'comment_edits', 'comment_removals'): load(name, 'a, b, c', 'a, b', [])
load('room_timeline', 'room, sent, person, stamp, text', 'room, sent, person, stamp', sorted(timeline))
db.execute('CREATE INDEX newest ON room_timeline (room, sent DESC, person DESC, stamp DESC)')
db.execute('CREATE INDEX by_person ON room_timeline (person, sent DESC)')
load('room_stats', 'room, comments, speakers, first, last', 'room', [(k, a, len(b), c, d) for k, (a, b, c, d) in room_stats.items()])
load('user_activity', 'person, comments, rooms, last', 'person', [(k, a, len(b), c) for k, (a, b, c) in people.items()])
load('presence', 'person, start, last, ended, status, ended_by, comments, rooms, room, seconds', 'person, start', sorted(sessions))
load('talkers_by_day', 'day, person, score, reached', 'day, person', ((*k, n, iso(t)) for k, (n, t) in boards[0].items()))
for name, board in (('talkers_ever', boards[1]), ('thanked', boards[2])):
    load(name, 'person, score, reached', 'person', ((k, n, iso(t)) for k, (n, t) in board.items()))
db.commit()
