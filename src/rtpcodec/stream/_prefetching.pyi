from typing import final

@final
class HotLines: ...
