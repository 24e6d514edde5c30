# See the front door.
from typing import Any, TypeAlias

Table: TypeAlias = Any
Value: TypeAlias = Any
Scalar: TypeAlias = Any
StringValue: TypeAlias = Any
DateValue: TypeAlias = Any
IntegerValue: TypeAlias = Any
BooleanValue: TypeAlias = Any
TimestampValue: TypeAlias = Any
