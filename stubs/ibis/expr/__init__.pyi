# See the front door.
